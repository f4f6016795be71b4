// How a note of an ELF core is laid out: header, name, body, each padded to four bytes (elf(5)).
#pragma once

#include <elf.h>

#include <cstdint>
#include <string>

#include "runtime/dump/format.h"

namespace reftally {

template <class T>
void append_bytes(std::string& to, const T& record) {
  to.append(reinterpret_cast<const char*>(&record), sizeof record);
}

// Our own, in the cores of `reftally attach`: dump::KernelWord[].
inline constexpr uint32_t kKernelWordsNote = dump::kTagKernelWords;

inline std::string core_note(uint32_t type, const std::string& body) {
  constexpr uint32_t kNameSize = 5;  // "CORE" and a NUL
  std::string text;
  append_bytes(text, Elf64_Nhdr{kNameSize, static_cast<uint32_t>(body.size()), type});
  text.append("CORE\0\0\0\0", 8);
  text += body;
  text.resize((text.size() + 3) & ~size_t{3});
  return text;
}

}  // namespace reftally
