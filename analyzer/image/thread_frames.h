// Frames of a stopped thread, unwound offline by call frame information from its registers and stack words.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "analyzer/image/location.h"
#include "analyzer/image/module_files.h"

namespace reftally {

struct ThreadFrame {
  uint64_t code = 0;            // an address in the instruction being executed: of callers, the call's last byte
  uint64_t begin = 0, end = 0;  // the frame's part of the stack: [sp, CFA)
  FrameRegisters registers;
};

class ThreadUnwinder {
 public:
  using FindModule = std::function<const ModuleFiles*(uint64_t address)>;
  ThreadUnwinder(const Image& image, FindModule find_module) : image_(image), find_module_(std::move(find_module)) {}

  // Innermost first; ends where call frame information or the stack's words do.
  std::vector<ThreadFrame> frames(const ImageThread& thread);

 private:
  struct CfiCloser {
    void operator()(Dwarf_CFI* cfi) const { dwarf_cfi_end(cfi); }
  };
  struct Tables {
    std::unique_ptr<Dwarf_CFI, CfiCloser> eh_frame;
    Dwarf_CFI* debug_frame = nullptr;  // owned by the Dwarf
  };
  using Rules = std::unique_ptr<Dwarf_Frame, decltype(&free)>;

  const Tables& tables(const ModuleFiles& module);
  Rules rules_at(uint64_t address);
  bool step(ThreadFrame& frame, ThreadFrame& caller);

  const Image& image_;
  FindModule find_module_;
  std::unordered_map<const ModuleFiles*, Tables> tables_;
};

}  // namespace reftally
