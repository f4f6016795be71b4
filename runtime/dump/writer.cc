#include "runtime/dump/writer.h"

#define ZSTD_STATIC_LINKING_ONLY
#define XXH_INLINE_ALL
#include <errno.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include "runtime/dump/byte_planes.h"

namespace reftally::dump {
namespace {

// Words of a heap shrink 10 to 30 times. Level 1 makes a dump a fifth smaller and costs whoever reads it a tenth more
// time; level 3 costs a quarter more here, where a program may stand still.
constexpr int kCompressionLevel = -1;
constexpr size_t kStringsCapacity = 256u << 10;
constexpr uint32_t kTocCapacity = kMaxSectionRaw / sizeof(TocEntry);  // 131,072 sections of up to 4 MiB

constexpr size_t round_up(size_t size) { return (size + 4095) & ~size_t{4095}; }
size_t context_size() { return round_up(ZSTD_estimateCCtxSize(kCompressionLevel)); }
size_t compressed_capacity() { return round_up(ZSTD_compressBound(kMaxSectionRaw)); }

}  // namespace

size_t Writer::memory_needed() noexcept {
  return 2 * round_up(kMaxSectionRaw) + kStringsCapacity + compressed_capacity() + kTocCapacity * sizeof(TocEntry) +
         context_size();
}

void Writer::open(int fd, void* memory) noexcept {
  *this = Writer{};
  fd_ = fd;
  auto* next = static_cast<uint8_t*>(memory);
  records_.bytes = next;
  next += round_up(kMaxSectionRaw);
  strings_.bytes = next;
  next += kStringsCapacity;
  strings_.tag = kTagStrings;
  strings_.record_size = 1;
  planes_ = next;
  next += round_up(kMaxSectionRaw);
  compressed_ = next;
  next += compressed_capacity();
  toc_ = reinterpret_cast<TocEntry*>(next);
  next += kTocCapacity * sizeof(TocEntry);
  context_ = ZSTD_initStaticCCtx(next, context_size());
  if (context_ == nullptr) error_ = ENOMEM;
  FileHeader header{};
  memcpy(header.magic, kMagic, sizeof header.magic);
  header.version_major = kVersionMajor;
  header.version_minor = kVersionMinor;
  header.byte_order = kByteOrderMark;
  header.architecture = kArchitectureX86_64;
  header.header_size = sizeof header;
  write_all(&header, sizeof header);
}

void Writer::begin(uint32_t tag, uint32_t record_size) noexcept {
  end();
  records_.tag = tag;
  records_.record_size = record_size;
}

void* Writer::reserve(size_t size) noexcept {
  if (size > kMaxSectionRaw) return nullptr;
  if (records_.size + size > kMaxSectionRaw) flush(records_);
  void* room = records_.bytes + records_.size;
  records_.size += size;
  return room;
}

void Writer::add_bytes(const void* record, size_t size) noexcept {
  if (void* room = reserve(size)) memcpy(room, record, size);
}

void Writer::end() noexcept {
  if (records_.size != 0) flush(records_);
}

StringRef Writer::string(const char* text, size_t length) noexcept {
  constexpr size_t kMaxLength = 65535;  // longer names are cut: nothing we print is that long
  if (length > kMaxLength) length = kMaxLength;
  if (length == 0) return StringRef{0, 0};
  if (strings_.size + length > kStringsCapacity) flush(strings_);
  StringRef ref{string_offset_, length};
  memcpy(strings_.bytes + strings_.size, text, length);
  strings_.size += length;
  string_offset_ += length;
  return ref;
}

// The payload of a section, and what its header says of it.
const uint8_t* Writer::pack(const Pending& section, SectionHeader& header) noexcept {
  header.flags = 0;
  header.raw_size = header.stored_size = section.size;
  const bool is_text = section.record_size == 1;
  const uint8_t* source = is_text ? section.bytes : planes_;
  if (!is_text) to_planes(section.bytes, section.size, planes_);
  const size_t packed = ZSTD_compressCCtx(static_cast<ZSTD_CCtx*>(context_), compressed_, compressed_capacity(), source,
                                          section.size, kCompressionLevel);
  if (ZSTD_isError(packed) || packed >= section.size) return section.bytes;
  header.flags = is_text ? kFlagZstd : kFlagZstd | kFlagPlanes;
  header.stored_size = packed;
  return compressed_;
}

void Writer::flush(Pending& section) noexcept {
  SectionHeader header{};
  header.tag = section.tag;
  header.record_size = section.record_size;
  if (error_ != 0) {
    section.size = 0;
    return;
  }
  const uint8_t* const payload = pack(section, header);
  section.size = 0;
  const uint64_t seed = XXH3_64bits(&header, offsetof(SectionHeader, checksum));
  header.checksum = XXH3_64bits_withSeed(payload, header.stored_size, seed);
  if (toc_size_ == kTocCapacity) {
    error_ = EFBIG;
    return;
  }
  if (section.tag != kTagContents)
    toc_[toc_size_++] = {offset_, header.stored_size, header.raw_size, header.tag, header.flags};
  write_all(&header, sizeof header);
  write_all(payload, header.stored_size);
}

bool Writer::finish() noexcept {
  end();
  if (strings_.size != 0) flush(strings_);
  FileTrailer trailer{};
  trailer.toc_offset = offset_;
  begin(kTagContents, sizeof(TocEntry));
  for (uint32_t i = 0; i < toc_size_; i++) add(toc_[i]);
  end();
  trailer.file_size = offset_ + sizeof trailer;
  memcpy(trailer.magic, kTrailerMagic, sizeof trailer.magic);
  write_all(&trailer, sizeof trailer);
  return error_ == 0;
}

void Writer::write_all(const void* data, size_t size) noexcept {
  auto* next = static_cast<const uint8_t*>(data);
  while (size != 0 && error_ == 0) {
    ssize_t written = ::write(fd_, next, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      error_ = written < 0 ? errno : ENOSPC;
      return;
    }
    next += written;
    size -= static_cast<size_t>(written);
    offset_ += static_cast<uint64_t>(written);
  }
}

}  // namespace reftally::dump
