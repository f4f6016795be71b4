// A core file made by hand: one program with glibc's malloc, whose heap is written chunk by chunk.
//
//   CoreBuilder core;
//   const uint64_t held = core.used(32), freed = core.free(48);
//   core.set(CoreBuilder::kStatics, held);
//   Image image = read_core(TemporaryFile(core.bytes()).path(), "/nonexistent");
#pragma once

#include <elf.h>
#include <sys/procfs.h>
#include <sys/user.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "analyzer/image/core_note.h"

namespace reftally::testing {

class CoreBuilder {
 public:
  static constexpr uint64_t kProgram = 0x400000, kData = 0x401000, kArena = kData + 0x100, kStatics = kData + 0xa00,
                            kDataEnd = 0x403000, kHeap = 0x600000, kStack = 0x7ff000, kStackEnd = 0x801000,
                            kLocals = 0x700000, kLocalsEnd = 0x703000, kTop = kArena + 96;

  CoreBuilder() {
    for (uint64_t bin = 0; bin < 127; ++bin)
      set(kArena + 112 + 16 * bin, kArena + 96 + 16 * bin), set(kArena + 120 + 16 * bin, kArena + 96 + 16 * bin);
    set(kArena + 2160, kArena);
  }

  // Addresses of blocks, as malloc would return them; a chunk holds at least `size` bytes.
  uint64_t used(uint64_t size) { return add(size, true); }
  uint64_t free(uint64_t size) { return add(size, false); }
  void set(uint64_t at, uint64_t word) { words_[at] = word; }
  void add_segment(uint64_t begin, uint64_t end, uint64_t stored) {
    segments_.push_back(header(PT_LOAD, begin, end - begin, PF_R | PF_W));
    segments_.back().p_filesz = stored;
  }
  void set_fastbin(uint64_t bin, uint64_t chunk) { set(kArena + 16 + 8 * bin, chunk); }

  std::string bytes() const {
    std::map<uint64_t, uint64_t> words = words_;
    uint64_t chunk = kHeap;
    bool before_is_used = true;
    for (const auto& [size, is_used] : chunks_) {
      words[chunk + 8] = size | before_is_used;
      before_is_used = is_used;
      chunk += size;
    }
    words[chunk + 8] = 0x1000 | before_is_used;
    words[kTop] = chunk;
    const std::string notes = notes_text();
    std::vector<Elf64_Phdr> headers = {header(PT_NOTE, 0, notes.size(), 0),
                                       header(PT_LOAD, kProgram, 0x1000, PF_R | PF_X),
                                       header(PT_LOAD, kData, kDataEnd - kData, PF_R | PF_W),
                                       header(PT_LOAD, kHeap, chunk + 0x1000 - kHeap, PF_R | PF_W),
                                       header(PT_LOAD, kLocals, kLocalsEnd - kLocals, PF_R | PF_W),
                                       header(PT_LOAD, kStack, kStackEnd - kStack, PF_R | PF_W)};
    headers.insert(headers.end(), segments_.begin(), segments_.end());
    std::string file = elf_header(ET_CORE, headers.size());
    uint64_t offset = (sizeof(Elf64_Ehdr) + headers.size() * sizeof(Elf64_Phdr) + 7) & ~uint64_t{7};
    for (Elf64_Phdr placed : headers) {
      placed.p_offset = offset;
      offset += (placed.p_filesz + 7) & ~uint64_t{7};
      append_bytes(file, placed);
    }
    file.resize((file.size() + 7) & ~size_t{7});
    file += notes;
    file.resize((file.size() + 7) & ~size_t{7});
    for (size_t i = 1; i < headers.size(); ++i) file += memory(headers[i], words);
    return file;
  }

 private:
  uint64_t add(uint64_t size, bool is_used) {
    const uint64_t chunk_size = size <= 24 ? 32 : (size + 8 + 15) & ~uint64_t{15};
    chunks_.emplace_back(chunk_size, is_used);
    const uint64_t block = next_ + 16;
    next_ += chunk_size;
    return block;
  }

  static std::string elf_header(uint16_t type, uint64_t segments) {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_type = type;
    header.e_machine = EM_X86_64;
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = static_cast<uint16_t>(segments);
    std::string text;
    append_bytes(text, header);
    return text;
  }

  static Elf64_Phdr header(uint32_t type, uint64_t begin, uint64_t size, uint32_t flags) {
    Elf64_Phdr made{};
    made.p_type = type;
    made.p_vaddr = begin;
    made.p_filesz = made.p_memsz = size;
    made.p_flags = flags;
    return made;
  }

  static std::string notes_text() {
    prstatus_t status{};
    status.pr_pid = 77;
    user_regs_struct registers{};
    registers.rsp = kStack + 0x1000;
    registers.fs_base = kLocalsEnd - 0x1000;
    std::memcpy(&status.pr_reg, &registers, sizeof registers);
    prpsinfo_t info{};
    info.pr_pid = 77;
    std::strcpy(info.pr_psargs, "shop --open");
    std::string threads, process, files;
    append_bytes(threads, status);
    append_bytes(process, info);
    for (uint64_t word : {uint64_t{1}, uint64_t{1}, kProgram, kProgram + 0x1000, uint64_t{0}})
      append_bytes(files, word);
    files.append("/usr/bin/shop", 14);
    return core_note(NT_PRSTATUS, threads) + core_note(NT_PRPSINFO, process) + core_note(NT_FILE, files);
  }

  // The program's own headers stand where it is mapped.
  static std::string memory(const Elf64_Phdr& segment, const std::map<uint64_t, uint64_t>& words) {
    std::string text(segment.p_filesz, '\0');
    for (auto word = words.lower_bound(segment.p_vaddr); word != words.end(); ++word) {
      if (word->first >= segment.p_vaddr + segment.p_filesz) break;
      std::memcpy(text.data() + (word->first - segment.p_vaddr), &word->second, 8);
    }
    if (segment.p_vaddr != kProgram) return text;
    std::string program = elf_header(ET_EXEC, 2);
    append_bytes(program, header(PT_LOAD, kProgram, 0x1000, PF_R | PF_X));
    Elf64_Phdr data = header(PT_LOAD, kData, kDataEnd - kData, PF_R | PF_W);
    data.p_offset = 0x1000;
    append_bytes(program, data);
    return program + text.substr(program.size());
  }

  std::map<uint64_t, uint64_t> words_;
  std::vector<std::pair<uint64_t, bool>> chunks_;  // size, used
  uint64_t next_ = kHeap;
  std::vector<Elf64_Phdr> segments_;
};

// One with a bit of everything: used and free chunks, fastbins, a thread's cache.
inline CoreBuilder complete_core() {
  CoreBuilder core;
  const uint64_t cache = core.used(0x280), cached = core.used(40), held = core.used(40), fast = core.used(24);
  core.free(200);
  const uint64_t from_stack = core.used(100);
  core.used(500);
  core.set(cache + 2 * 1 - 2, uint64_t{1} << 16);  // one chunk of the second size, whose room is 40
  core.set(cache + 128 + 8 * 1, cached);
  core.set(cached, cached >> 12);  // the end of a list, mangled
  core.set_fastbin(0, fast - 16);
  core.set(fast, fast >> 12);
  core.set(CoreBuilder::kStatics, held);
  core.set(CoreBuilder::kStack + 0x1008, from_stack);
  return core;
}

}  // namespace reftally::testing
