// Writes a dump (format.h) to a file descriptor: sections of bounded size, each compressed and checksummed when
// its buffer is full. Uses only the memory it is given; allocates nothing, throws nothing, never seeks.
//
//   Writer writer;
//   writer.open(fd, memory);
//   writer.begin(dump::kTagBlocks, sizeof(BlockRecord)); writer.add(record); …; writer.end();
//   writer.finish();
//
// After the first failed write everything is a no-op and finish() answers false.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "runtime/dump/format.h"

namespace reftally::dump {

class Writer {
 public:
  static size_t memory_needed() noexcept;  // bytes, a multiple of 4096; touched only as far as used

  void open(int fd, void* memory) noexcept;

  void begin(uint32_t tag, uint32_t record_size) noexcept;
  // Appends one record of any length up to kMaxSectionRaw; a record is never split over two sections.
  void add_bytes(const void* record, size_t size) noexcept;
  template <class Record>
  void add(const Record& record) noexcept {
    add_bytes(&record, sizeof record);
  }
  // Room for one record of `size` bytes, to be filled by the caller before the next call; nullptr when size is
  // above kMaxSectionRaw.
  void* reserve(size_t size) noexcept;
  void end() noexcept;

  // Adds to the string pool; may be called at any time, also between begin and end.
  StringRef string(const char* text, size_t length) noexcept;
  StringRef string(const char* text) noexcept { return string(text, strlen(text)); }

  bool finish() noexcept;  // table of contents and trailer; true when the whole file was written
  bool failed() const noexcept { return error_ != 0; }
  int error() const noexcept { return error_; }  // errno of the first failure
  uint64_t bytes_written() const noexcept { return offset_; }

 private:
  struct Pending {  // a section being collected
    uint8_t* bytes = nullptr;
    size_t size = 0;
    uint32_t tag = 0;
    uint32_t record_size = 0;
  };

  void flush(Pending& section) noexcept;
  const uint8_t* pack(const Pending& section, SectionHeader& header) noexcept;
  void write_all(const void* data, size_t size) noexcept;

  int fd_ = -1;
  int error_ = 0;
  uint64_t offset_ = 0;
  uint64_t string_offset_ = 0;
  Pending records_, strings_;
  uint8_t *planes_ = nullptr, *compressed_ = nullptr;
  TocEntry* toc_ = nullptr;
  uint32_t toc_size_ = 0;
  void* context_ = nullptr;  // ZSTD_CCtx in the given memory
};

}  // namespace reftally::dump
