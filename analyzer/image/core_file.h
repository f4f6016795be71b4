// An ELF core file, as the kernel or gdb's gcore writes it: memory, threads, and which files were mapped where.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/base/cursor.h"
#include "analyzer/image/image.h"

namespace reftally {

struct CoreSegment {
  uint64_t begin = 0, end = 0;
  uint64_t stored_end = 0;         // the file has [begin, stored_end); the rest was not written or not mapped
  const uint8_t* bytes = nullptr;  // of `begin`
  uint32_t flags = 0;              // dump::kMap…
};

struct CoreThread {
  uint32_t tid = 0;
  uint64_t registers[dump::kRegisterCount] = {};
  uint64_t thread_pointer = 0;
};

struct CoreMapping {
  uint64_t begin = 0, end = 0, file_offset = 0;
  std::string path;
};

class CoreFile {
 public:
  explicit CoreFile(const std::string& path);  // throws Error unless it is a whole core of an x86-64 process

  const std::string& path() const { return file_.path(); }
  const std::vector<CoreSegment>& segments() const { return segments_; }  // by address, disjoint
  const std::vector<CoreMapping>& mappings() const { return mappings_; }  // of files, by address
  const std::vector<CoreThread>& threads() const { return threads_; }     // the one that died first
  uint32_t pid() const { return pid_; }
  const std::string& arguments() const { return arguments_; }  // the first 80 bytes of them
  // What the kernel kept for the process; nothing when the core does not tell, as those of the kernel and of gcore.
  const std::optional<std::vector<dump::KernelWord>>& kernel_words() const { return kernel_words_; }
  uint64_t entry() const { return entry_; }  // of the executable; 0 unknown

  const CoreSegment* segment_at(uint64_t address) const;
  const CoreMapping* mapping_at(uint64_t address) const;
  const uint8_t* at(uint64_t address, uint64_t size) const;  // nullptr when the file does not have it

 private:
  void read_program_headers(Cursor cursor);
  void read_notes(Cursor cursor);
  void read_file_note(Cursor cursor);
  void read_status(Cursor cursor);
  void read_process(Cursor cursor);
  void read_auxiliary(Cursor cursor);
  void read_kernel_words(Cursor cursor);

  MappedFile file_;
  std::vector<CoreSegment> segments_;
  std::vector<CoreMapping> mappings_;
  std::vector<CoreThread> threads_;
  uint32_t pid_ = 0;
  std::string arguments_;
  uint64_t entry_ = 0;
  std::optional<std::vector<dump::KernelWord>> kernel_words_;
};

}  // namespace reftally
