#include "runtime/dump/writer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <string>
#include <vector>

using namespace reftally::dump;

namespace {

struct Memory {
  void* bytes = mmap(nullptr, Writer::memory_needed(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ~Memory() { munmap(bytes, Writer::memory_needed()); }
};

std::string read_all(int fd) {
  std::string bytes(static_cast<size_t>(lseek(fd, 0, SEEK_END)), '\0');
  REQUIRE(pread(fd, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  return bytes;
}

template <class T>
T at(const std::string& bytes, uint64_t offset) {
  REQUIRE(offset + sizeof(T) <= bytes.size());
  T value;
  memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

}  // namespace

TEST_CASE("a dump begins with the header and ends with a trailer that finds the table of contents") {
  Memory memory;
  FILE* file = tmpfile();
  Writer writer;
  writer.open(fileno(file), memory.bytes);
  writer.begin(kTagBlocks, sizeof(BlockRecord));
  for (uint64_t i = 0; i < 1000; i++) writer.add(BlockRecord{i * 32, 24, 1, 0});
  REQUIRE(writer.finish());
  std::string bytes = read_all(fileno(file));
  CHECK(memcmp(bytes.data(), kMagic, sizeof kMagic) == 0);
  auto trailer = at<FileTrailer>(bytes, bytes.size() - sizeof(FileTrailer));
  CHECK(trailer.file_size == bytes.size());
  CHECK(at<SectionHeader>(bytes, trailer.toc_offset).tag == kTagContents);
  fclose(file);
}

TEST_CASE("records that do not fit one section go to several, none split") {
  Memory memory;
  FILE* file = tmpfile();
  Writer writer;
  writer.open(fileno(file), memory.bytes);
  writer.begin(kTagBlocks, sizeof(BlockRecord));
  const uint64_t count = 3 * kMaxSectionRaw / sizeof(BlockRecord);
  for (uint64_t i = 0; i < count; i++) writer.add(BlockRecord{i * 32, 24, 1, 0});
  REQUIRE(writer.finish());
  std::string bytes = read_all(fileno(file));
  uint64_t records = 0;
  for (uint64_t offset = sizeof(FileHeader);;) {
    auto section = at<SectionHeader>(bytes, offset);
    if (section.tag != kTagBlocks) break;
    CHECK(section.raw_size <= kMaxSectionRaw);
    CHECK(section.raw_size % sizeof(BlockRecord) == 0);
    records += section.raw_size / sizeof(BlockRecord);
    offset += sizeof section + section.stored_size;
  }
  CHECK(records == count);
  fclose(file);
}

TEST_CASE("a full disk fails once, is remembered, and writes nothing more") {
  Memory memory;
  int full = open("/dev/full", O_WRONLY);
  REQUIRE(full >= 0);
  Writer writer;
  writer.open(full, memory.bytes);
  writer.begin(kTagBlocks, sizeof(BlockRecord));
  writer.add(BlockRecord{});
  CHECK_FALSE(writer.finish());
  CHECK(writer.error() == ENOSPC);
  CHECK(writer.bytes_written() == 0);
  close(full);
}

TEST_CASE("strings are pooled in order of arrival and referred to by offset and length") {
  Memory memory;
  FILE* file = tmpfile();
  Writer writer;
  writer.open(fileno(file), memory.bytes);
  StringRef first = writer.string("one"), second = writer.string("three");
  CHECK(first.offset == 0);
  CHECK(first.length == 3);
  CHECK(second.offset == 3);
  CHECK(second.length == 5);
  CHECK(writer.string("").length == 0);
  CHECK(writer.finish());
  fclose(file);
}
