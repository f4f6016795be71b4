#include "analyzer/image/dump_image.h"

#include "analyzer/base/huge_pages.h"
#include "analyzer/image/dump_declared.h"
#include "analyzer/image/dump_records.h"
#include "analyzer/image/dump_words.h"

namespace reftally {

namespace {

class DumpReader {
 public:
  explicit DumpReader(const DumpFile& file) : file_(file) { image_.source = file.path(); }

  void read_strings();
  void read_process();
  void read_mappings();
  void read_modules();
  std::string file_of(const ImageModule& module) const;
  void read_stacks();
  void read_threads();
  void read_blocks();
  void read_unaligned();
  void read_vtables();
  void read_notes();
  Image& image() { return image_; }

 private:
  template <class Record, class Visit>
  void for_each(uint32_t tag, Visit visit) {
    for_each_record<Record>(file_, tag, visit);
  }
  std::string_view text(dump::StringRef ref, const RecordPlace& place) const {
    place.expect(ref.offset + ref.length <= image_.strings.size(), "a string inside the string pool");
    return std::string_view(image_.strings).substr(ref.offset, ref.length);
  }
  StackId stack(uint32_t id, const RecordPlace& place) const {
    place.expect(id < image_.stacks.size(), "a stack of section STKS");
    return StackId{id};
  }
  std::vector<ImageSegment> read_segments();
  void check_stacks_end() const;

  const DumpFile& file_;
  Image image_;
};

void DumpReader::read_strings() {
  for (const DumpSection* section : file_.sections(dump::kTagStrings)) {
    const DumpPayload payload = file_.payload(*section);
    image_.strings.append(reinterpret_cast<const char*>(payload.bytes().data()), payload.bytes().size());
  }
}

void DumpReader::read_process() {
  bool seen = false;
  for_each<dump::ProcessRecord>(dump::kTagProcess, [&](const dump::ProcessRecord& record, const RecordPlace& place) {
    place.expect(!seen, "one process");
    seen = true;
    ImageProcess& process = image_.process;
    process.pid = record.pid;
    process.parent_pid = record.parent_pid;
    process.reason = record.reason;
    process.flags = record.flags;
    process.start_time_ns = record.start_time_ns;
    process.snapshot_time_ns = record.snapshot_time_ns;
    process.pause_ns = record.pause_ns;
    process.sequence = record.sequence;
    process.allocations_total = record.allocations_total;
    process.run = record.run;
    process.fork_birth = record.fork_birth;
    process.executable = text(record.executable, place);
    process.command_line = text(record.command_line, place);
    process.runtime_version = text(record.runtime_version, place);
    process.working_directory = text(record.working_directory, place);
  });
  if (!seen) throw Error(file_.path(), file_.header().header_size, "a section PROC");
}

void DumpReader::read_mappings() {
  uint64_t previous_end = 0;
  for_each<dump::MappingRecord>(dump::kTagMappings, [&](const dump::MappingRecord& record, const RecordPlace& place) {
    place.expect(record.begin >= previous_end && record.end >= record.begin, "mappings by address, disjoint");
    previous_end = record.end;
    image_.mappings.push_back(
        {record.begin, record.end, record.file_offset, record.flags, std::string(text(record.path, place))});
  });
}

std::vector<ImageSegment> DumpReader::read_segments() {
  std::vector<ImageSegment> segments;
  for_each<dump::SegmentRecord>(dump::kTagSegments, [&](const dump::SegmentRecord& record, const RecordPlace& place) {
    place.expect(record.end >= record.begin, "a segment that ends after it begins");
    segments.push_back({record.begin, record.end, record.type, record.flags});
  });
  return segments;
}

// The dynamic linker has the name that dlopen or LD_LIBRARY_PATH gave it, which may be relative to a folder that the
// process was in then; the kernel has the file.
std::string DumpReader::file_of(const ImageModule& module) const {
  if (module.path.starts_with('/') || module.path.find('/') == std::string::npos) return module.path;
  for (const ImageMapping& mapping : image_.mappings)
    if (mapping.path.starts_with('/') && module.contains(mapping.begin)) return mapping.path;
  return module.path;
}

void DumpReader::read_modules() {
  const std::vector<ImageSegment> segments = read_segments();
  for_each<dump::ModuleRecord>(dump::kTagModules, [&](const dump::ModuleRecord& record, const RecordPlace& place) {
    place.expect(uint64_t{record.first_segment} + record.segment_count <= segments.size(),
                 "segments that section SEGS has");
    ImageModule module;
    module.path = text(record.path, place);
    module.build_id = text(record.build_id, place);
    module.bias = record.bias;
    module.thread_local_number = record.thread_local_number;
    const auto first = segments.begin() + record.first_segment;
    module.segments.assign(first, first + record.segment_count);
    module.path = file_of(module);
    image_.modules.push_back(std::move(module));
  });
}

void DumpReader::read_stacks() {
  image_.stacks.emplace_back();
  for_each<dump::StackNode>(dump::kTagStacks, [&](const dump::StackNode& record, const RecordPlace&) {
    image_.stacks.push_back({record.ip, StackId{record.parent}});
  });
  check_stacks_end();
}

// A stack table filled by several threads numbers a parent after its child now and then, so order proves nothing:
// walk from every node to one that is known to end, and see that the walk does.
void DumpReader::check_stacks_end() const {
  const std::vector<StackNode>& stacks = image_.stacks;
  enum : uint8_t { kUnseen, kOnWalk, kEnds };
  std::vector<uint8_t> state(stacks.size(), kUnseen);
  state[0] = kEnds;
  auto fail = [&](uint32_t node, const std::string& expected) {
    throw Error(file_.path(), file_.sections(dump::kTagStacks).front()->file_offset,
                fmt::format("{} of stack {} in section STKS", expected, node));
  };
  for (uint32_t start = 1; start < stacks.size(); ++start) {
    uint32_t node = start;
    while (state[node] == kUnseen) {
      state[node] = kOnWalk;
      const uint32_t parent = index(stacks[node].parent);
      if (parent >= stacks.size()) fail(node, fmt::format("a parent of at most {}", stacks.size() - 1));
      node = parent;
    }
    if (state[node] == kOnWalk) fail(node, "an outermost caller");
    for (node = start; state[node] == kOnWalk; node = index(stacks[node].parent)) state[node] = kEnds;
  }
}

void DumpReader::read_threads() {
  for_each<dump::ThreadRecord>(dump::kTagThreads, [&](const dump::ThreadRecord& record, const RecordPlace& place) {
    place.expect(record.stack_end >= record.stack_begin, "a stack that ends after it begins");
    ImageThread thread;
    thread.tid = record.tid;
    thread.flags = record.flags;
    thread.thread_pointer = record.thread_pointer;
    thread.stack_begin = record.stack_begin;
    thread.stack_end = record.stack_end;
    std::copy(std::begin(record.registers), std::end(record.registers), thread.registers);
    thread.stack = stack(record.stack, place);
    thread.name = text(record.name, place);
    image_.threads.push_back(std::move(thread));
  });
}

void DumpReader::read_blocks() {
  uint64_t records = 0;
  for (const DumpSection* section : file_.sections(dump::kTagBlocks)) {
    records += section->header.raw_size / std::max<uint64_t>(section->header.record_size, sizeof(dump::BlockRecord));
  }
  if (records >= Image::kNoBlock) throw Error(file_.path(), 0, "fewer than 2^32 - 1 blocks");
  reserve_column(image_.blocks, records);
  uint64_t previous_end = 0;
  for_each<dump::BlockRecord>(dump::kTagBlocks, [&](const dump::BlockRecord& record, const RecordPlace& place) {
    const uint64_t extent = std::max<uint64_t>(record.size, 1);
    place.expect(record.address >= previous_end, "blocks by address, disjoint");
    place.expect(record.address != 0 && extent <= ~record.address, "a block below 2^64");
    previous_end = record.address + extent;
    image_.blocks.push_back({record.address, record.size, stack(record.stack, place), record.birth});
  });
}

void DumpReader::read_unaligned() {
  for_each<dump::UnalignedWord>(dump::kTagUnaligned, [&](const dump::UnalignedWord& word, const RecordPlace&) {
    image_.unaligned.push_back(word);
  });
  std::sort(image_.unaligned.begin(), image_.unaligned.end(),
            [](const auto& a, const auto& b) { return a.address < b.address; });
}

void DumpReader::read_vtables() {
  for_each<dump::VtableRecord>(dump::kTagVtables, [&](const dump::VtableRecord& record, const RecordPlace& place) {
    image_.vtable_names.emplace(record.vtable, text(record.type_name, place));
  });
}

void DumpReader::read_notes() {
  for_each<dump::NoteRecord>(dump::kTagNotes, [&](const dump::NoteRecord& record, const RecordPlace& place) {
    image_.notes.emplace_back(record.kind, text(record.text, place));
  });
}

constexpr uint32_t kKnownTags[] = {dump::kTagProcess,
                                   dump::kTagMappings,
                                   dump::kTagModules,
                                   dump::kTagSegments,
                                   dump::kTagThreads,
                                   dump::kTagBlocks,
                                   dump::kTagWords,
                                   dump::kTagStacks,
                                   dump::kTagVtables,
                                   dump::kTagStrings,
                                   dump::kTagKernelWords,
                                   dump::kTagUnaligned,
                                   dump::kTagDeclaredTypes,
                                   dump::kTagDeclaredObjects,
                                   dump::kTagDeclaredReferences,
                                   dump::kTagDeclaredRoots,
                                   dump::kTagRootRegions,
                                   dump::kTagExpectations,
                                   dump::kTagEventTallies,
                                   dump::kTagEventSummary,
                                   dump::kTagGObjectTypes,
                                   dump::kTagHistory,
                                   dump::kTagCollector,
                                   dump::kTagCollectorPauses,
                                   dump::kTagPools,
                                   dump::kTagDeclaredNames,
                                   dump::kTagDeclaredFrames,
                                   dump::kTagDeclaredStacks,
                                   dump::kTagNativeFrames,
                                   dump::kTagToldTypes,
                                   dump::kTagToldFields,
                                   dump::kTagToldObjects,
                                   dump::kTagToldReferences,
                                   dump::kTagMiniObjects,
                                   dump::kTagNotes};

DumpSummary::Section& row_of(DumpSummary& summary, uint32_t tag) {
  const std::string name = tag_name(tag);
  for (DumpSummary::Section& row : summary.sections) {
    if (row.name == name) return row;
  }
  DumpSummary::Section row;
  row.name = name;
  row.known = std::find(std::begin(kKnownTags), std::end(kKnownTags), tag) != std::end(kKnownTags);
  summary.sections.push_back(row);
  return summary.sections.back();
}

}  // namespace

Image read_dump(const std::string& path) {
  const DumpFile file(path);
  DumpReader reader(file);
  reader.read_strings();
  reader.read_process();
  reader.read_mappings();
  reader.read_modules();
  reader.read_stacks();
  // Beyond this point strings, stacks and modules are known: records that refer to them are checked as they are read.
  reader.read_threads();
  reader.read_blocks();
  reader.read_unaligned();
  reader.read_vtables();
  reader.read_notes();
  read_declared_facts(file, reader.image());
  read_word_regions(file, reader.image());
  reader.image().build_indexes();
  return std::move(reader.image());
}

// Sections stand in memory as they are. What is made of a row comes to the same in dumps of qpdf and of service_heap
// (tests/bench), within 8 %.
uint64_t memory_of_analysis(const std::string& path) try {
  constexpr uint64_t kTables = 40'000'000, kOfBlock = 110, kOfObject = 150, kOfReference = 40;
  uint64_t bytes = kTables;
  const DumpFile file(path);
  for (const DumpSection& section : file.sections()) {
    const dump::SectionHeader& header = section.header;
    const uint64_t rows = header.record_size != 0 ? header.raw_size / header.record_size : 0;
    bytes += header.raw_size;
    if (header.tag == dump::kTagBlocks) bytes += rows * kOfBlock;
    if (header.tag == dump::kTagDeclaredObjects) bytes += rows * kOfObject;
    if (header.tag == dump::kTagDeclaredReferences) bytes += rows * kOfReference;
  }
  return bytes;
} catch (const Error&) {
  return 0;
}

ImageProcess process_of_dump(const std::string& path) {
  const DumpFile file(path);
  DumpReader reader(file);
  reader.read_strings();
  reader.read_process();
  return reader.image().process;
}

DumpSummary summarize_dump(const std::string& path) {
  const DumpFile file(path);
  DumpReader reader(file);
  reader.read_strings();
  reader.read_process();
  reader.read_notes();
  DumpSummary summary;
  summary.version_major = file.header().version_major;
  summary.version_minor = file.header().version_minor;
  summary.file_size = file.file_size();
  summary.process = reader.image().process;
  summary.notes = reader.image().notes;
  for (const DumpSection& section : file.sections()) {
    file.payload(section);
    DumpSummary::Section& row = row_of(summary, section.header.tag);
    ++row.sections;
    row.stored_size += section.header.stored_size;
    row.raw_size += section.header.raw_size;
    if (section.header.record_size > 1) row.records += section.header.raw_size / section.header.record_size;
  }
  return summary;
}

}  // namespace reftally
