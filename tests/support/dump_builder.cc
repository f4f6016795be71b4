#include "tests/support/dump_builder.h"

#include <stdlib.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <stdexcept>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace reftally::testing {

namespace {

template <class T>
void append(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_section(std::string& bytes, const DumpBuilder::Section& section) {
  dump::SectionHeader header{};
  header.tag = section.tag;
  header.flags = section.flags;
  header.record_size = section.record_size;
  header.stored_size = section.payload.size();
  header.raw_size = section.raw_size ? section.raw_size : section.payload.size();
  const uint64_t seed = XXH3_64bits(&header, offsetof(dump::SectionHeader, checksum));
  header.checksum = XXH3_64bits_withSeed(section.payload.data(), section.payload.size(), seed);
  append(bytes, header);
  bytes += section.payload;
}

}  // namespace

dump::FileHeader DumpBuilder::plain_header() {
  dump::FileHeader header{};
  std::memcpy(header.magic, dump::kMagic, sizeof header.magic);
  header.version_major = dump::kVersionMajor;
  header.version_minor = dump::kVersionMinor;
  header.byte_order = dump::kByteOrderMark;
  header.architecture = dump::kArchitectureX86_64;
  header.header_size = sizeof header;
  return header;
}

dump::ProcessRecord DumpBuilder::plain_process() {
  dump::ProcessRecord process{};
  process.pid = 4711;
  process.reason = dump::SnapshotReason::kMainReturned;
  process.sequence = 1;
  process.min_block_spacing = 32;
  return process;
}

dump::StringRef DumpBuilder::string(const std::string& text) {
  dump::StringRef ref{strings_.size(), text.size()};
  strings_ += text;
  return ref;
}

void DumpBuilder::add_words(dump::WordRegion region, const std::vector<uint64_t>& words) {
  std::vector<uint64_t> bitmap((words.size() + 63) / 64, ~uint64_t{0});
  if (words.size() % 64) bitmap.back() = (uint64_t{1} << (words.size() % 64)) - 1;
  region.word_count = static_cast<uint32_t>(words.size());
  region.kept_count = region.word_count;
  add_words(region, bitmap, words);
}

void DumpBuilder::add_words(dump::WordRegion region, const std::vector<uint64_t>& bitmap,
                            const std::vector<uint64_t>& kept) {
  std::string payload;
  append(payload, region);
  for (uint64_t bits : bitmap) append(payload, bits);
  for (uint64_t word : kept) append(payload, word);
  add_section({dump::kTagWords, 0, payload});
}

std::string DumpBuilder::bytes() const {
  std::string file;
  append(file, header);
  file.resize(std::max<size_t>(header.header_size, file.size()));
  std::vector<Section> sections = sections_;
  if (!strings_.empty()) sections.push_back({dump::kTagStrings, 1, strings_});
  Section contents{dump::kTagContents, sizeof(dump::TocEntry), {}};
  for (const Section& section : sections) {
    const uint64_t size = section.payload.size();
    const dump::TocEntry entry{file.size(), size, section.raw_size ? section.raw_size : size, section.tag,
                               section.flags};
    append(contents.payload, entry);
    append_section(file, section);
  }
  dump::FileTrailer trailer{};
  trailer.toc_offset = file.size();
  append_section(file, contents);
  trailer.file_size = file.size() + sizeof trailer;
  std::memcpy(trailer.magic, dump::kTrailerMagic, sizeof trailer.magic);
  append(file, trailer);
  return file;
}

DumpBuilder complete_dump() {
  DumpBuilder builder;
  dump::ProcessRecord process = DumpBuilder::plain_process();
  process.executable = builder.string("/usr/bin/shop");
  process.command_line = builder.string("shop --open");
  builder.add(dump::kTagProcess, std::vector{process});
  builder.add(dump::kTagMappings,
              std::vector<dump::MappingRecord>{
                  {0x400000, 0x402000, 0, dump::kMapRead | dump::kMapExecute, 0, process.executable},
                  {0x600000, 0x700000, 0, dump::kMapRead | dump::kMapWrite, 0, builder.string("[heap]")}});
  builder.add(dump::kTagSegments,
              std::vector<dump::SegmentRecord>{{0x400000, 0x401000, 1, dump::kMapRead | dump::kMapExecute},
                                               {0x401000, 0x402000, 1, dump::kMapRead | dump::kMapWrite}});
  builder.add(dump::kTagModules,
              std::vector<dump::ModuleRecord>{{0x400000, 0, 2, process.executable, builder.string("\x12\x34")}});
  builder.add(dump::kTagStacks, std::vector<dump::StackNode>{{0x400100, 0}, {0x400200, 1}, {0x400300, 2}});
  dump::ThreadRecord thread{};
  thread.tid = 4711;
  thread.flags = dump::kThreadMain | dump::kThreadRegistersKnown;
  thread.stack_begin = 0x7ff000;
  thread.stack_end = 0x800000;
  thread.registers[7] = 0x7ff800;
  thread.stack = 3;
  thread.name = builder.string("shop");
  builder.add(dump::kTagThreads, std::vector{thread});
  builder.add(dump::kTagBlocks,
              std::vector<dump::BlockRecord>{{0x600010, 24, 3, 1}, {0x600030, 0, 2, 2}, {0x600050, 200, 0, 3}});
  builder.add_words({0x600010, 0, 0, dump::RegionKind::kHeap, {}, 0}, {0x401010, 0x0000000200000001, 0x600050});
  builder.add_words({0x7ff800, 3, 2, dump::RegionKind::kStack, {}, 1}, {0b101}, {0x600010, 7});
  builder.add(dump::kTagVtables, std::vector<dump::VtableRecord>{{0x401010, builder.string("4Shop")}});
  builder.add(dump::kTagDeclaredTypes,
              std::vector<dump::DeclaredType>{
                  {0x600050, builder.string("shop.Cart"), builder.string("python"), dump::kTypeCollected, 1}});
  builder.add(dump::kTagDeclaredObjects,
              std::vector<dump::DeclaredObject>{{0x600010, 24, 1, 0, dump::kObjectTracked, 3, 0},
                                                {0x600050, 200, 2, 0, 0, 0, 2}});
  const dump::StringRef attribute = builder.string("items");
  builder.add(dump::kTagCollector, std::vector<dump::CollectorGeneration>{{1, 12, 700, 0, 3, 40, 0}});
  builder.add(dump::kTagDeclaredFrames,
              std::vector<dump::DeclaredFrame>{{builder.string("main"), builder.string("/srv/app.py"), 7, 0},
                                               {builder.string("Cart.add"), builder.string("/srv/cart.py"), 31, 0},
                                               {builder.string("native code"), {}, 0, 0}});
  builder.add(dump::kTagNativeFrames, std::vector<dump::NativeFrame>{{2, 0, 0x401020}});
  builder.add(dump::kTagDeclaredStacks, std::vector<dump::DeclaredStackNode>{{0, 0}, {1, 1}, {2, 2}});
  builder.add(dump::kTagDeclaredReferences,
              std::vector<dump::DeclaredReference>{
                  {0, 1, 0, uint32_t(dump::LabelKind::kAttribute) | 5 << 8, attribute.offset}});
  builder.add(dump::kTagDeclaredRoots,
              std::vector<dump::DeclaredRoot>{{0, dump::RootKind::kStatic, 1, {}, builder.string("sys.modules")}});
  builder.add(dump::kTagRootRegions, std::vector<dump::RootRegion>{{0x401800, 0x401900, builder.string("registry")}});
  builder.add(dump::kTagKernelWords, std::vector<dump::KernelWord>{{0x600050, dump::KernelKeeper::kEpoll, 5, 9, 0}});
  builder.add(dump::kTagExpectations,
              std::vector<dump::Expectation>{{0x600010, 9, 2, 0, builder.string("logged out")}});
  builder.add(dump::kTagEventSummary, std::vector<dump::EventSummary>{{0, 0, 0, 0}});
  builder.add(dump::kTagEventTallies, std::vector<dump::EventTally>{{0x600010, 0x7ff800, 3, 1}});
  builder.add(dump::kTagToldFields,
              std::vector<dump::ToldField>{{builder.string("next"), dump::ToldFieldKind::kStrong,
                                            dump::ToldFieldArray::kOne, 8, 8, 0, 0, 0, 0, 0},
                                           {builder.string("items[]"), dump::ToldFieldKind::kStrong,
                                            dump::ToldFieldArray::kAllocated, 16, 8, 0, 24, 8, 0, 0}});
  builder.add(dump::kTagToldTypes, std::vector<dump::ToldType>{{48, 0x400100, builder.string("shelf"), 0, 2, 0, 0}});
  builder.add(dump::kTagToldObjects, std::vector<dump::ToldObject>{{0x600050, 2, 0, 0}});
  builder.add(dump::kTagToldReferences, std::vector<dump::ToldReference>{{0, dump::ToldFieldKind::kStrong, 0x600010,
                                                                          0x600090, builder.string("drawer")}});
  builder.add(dump::kTagMiniObjects, std::vector<dump::MiniObjectType>{{0x600030, builder.string("GstBuffer")}});
  builder.add(dump::kTagNotes,
              std::vector<dump::NoteRecord>{{dump::NoteKind::kWarning, 0, builder.string("2 threads did not stop")}});
  return builder;
}

TemporaryFile::TemporaryFile(const std::string& bytes, const std::string& suffix) {
  path_ = (std::filesystem::temp_directory_path() / "reftally-test-XXXXXX").string() + suffix;
  const int fd = mkstemps(path_.data(), static_cast<int>(suffix.size()));
  if (fd < 0) throw std::runtime_error("no temporary file at " + path_);
  const ssize_t written = write(fd, bytes.data(), bytes.size());
  close(fd);
  if (written != static_cast<ssize_t>(bytes.size())) throw std::runtime_error("short write to " + path_);
}

TemporaryFile::~TemporaryFile() { unlink(path_.c_str()); }

}  // namespace reftally::testing
