#include "analyzer/image/core_image.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "analyzer/base/cursor.h"
#include "analyzer/image/core_modules.h"
#include "analyzer/image/core_ranges.h"
#include "analyzer/image/dump_image.h"
#include "analyzer/image/glibc_heap.h"
#include "runtime/core/shared_memory.h"
#include "runtime/dump/unaligned_words.h"

namespace reftally {

namespace {

constexpr uint64_t kMostRegionWords = uint64_t{1} << 31;

class CoreImage {
 public:
  CoreImage(const CoreFile& core, const std::string& sysroot) : core_(core), memory_(core, sysroot) {}

  Image read() {
    image_.source = core_.path();
    image_.sizes_are_exact = false;
    image_.stacks.emplace_back();
    image_.modules = modules_of_core(memory_);
    describe_process();
    add_mappings();
    add_threads();
    GlibcHeap heap = read_glibc_heap(memory_, image_.modules);
    if (heap.blocks.size() >= Image::kNoBlock) throw Error(core_.path(), 0, "fewer than 2^32 - 1 blocks");
    add_blocks(heap.blocks);
    for (const CoreRange& range : root_ranges(memory_, image_.modules, heap))
      add_region(range.begin, range.end, range.kind, range.thread);
    finish_regions();
    image_.blocks = std::move(heap.blocks);
    image_.warnings = std::move(heap.warnings);
    add_kernel_words();
    warn_of_missing_memory();
    warn_of_python();
    image_.build_indexes();
    find_vtables();
    find_unaligned();
    return std::move(image_);
  }

 private:
  void describe_process() {
    image_.process.pid = core_.pid() ? core_.pid() : core_.threads().front().tid;
    image_.process.reason = dump::SnapshotReason::kAbnormal;
    image_.process.flags = dump::kProcessFullContents | dump::kProcessAllBlocks;
    image_.process.command_line = core_.arguments();
    if (!image_.modules.empty()) image_.process.executable = image_.modules.front().path;
  }

  void add_kernel_words() {
    if (core_.kernel_words())
      image_.declared.kernel_words = *core_.kernel_words();
    else
      image_.warnings.push_back(
          "this core does not have what the kernel kept for epoll and timers: an object that only they had the address "
          "of looks lost; the cores of `reftally attach` have it");
  }

  void warn_of_python() {
    for (const ImageModule& module : image_.modules) {
      const std::string_view name = std::string_view(module.path).substr(module.path.rfind('/') + 1);
      if (!name.starts_with("python3") && !name.starts_with("libpython3")) continue;
      image_.warnings.push_back(
          "Python's own objects are not told apart in a core, and none of them is judged: start the program with "
          "`reftally run --signal N -- …`, and `kill -N` has it write a dump that knows them");
      return;
    }
  }

  // Shared memory has a name among the files too.
  void warn_of_missing_memory() {
    uint64_t first = 0, missing = 0;
    for (const CoreSegment& segment : core_.segments()) {
      const CoreMapping* file = core_.mapping_at(segment.begin);
      if ((segment.flags & dump::kMapWrite) == 0 || segment.stored_end >= segment.end) continue;
      if (file && !is_shared_memory(file->path.c_str())) continue;
      if (missing == 0) first = segment.stored_end;
      missing += segment.end - segment.stored_end;
    }
    if (missing != 0)
      image_.warnings.push_back(
          fmt::format("this core leaves out {} kB of the program's writable memory, the first of it at {:#x} "
                      "(MADV_DONTDUMP, or /proc/PID/coredump_filter): an object that only this points to looks lost; "
                      "the cores of `reftally attach` have it",
                      missing / 1000, first));
  }

  void add_mappings() {
    for (const CoreSegment& segment : core_.segments()) {
      const CoreMapping* file = core_.mapping_at(segment.begin);
      const uint64_t offset = file ? file->file_offset + (segment.begin - file->begin) : 0;
      image_.mappings.push_back({segment.begin, segment.end, offset, segment.flags, file ? file->path : ""});
    }
  }

  void add_threads() {
    for (const CoreThread& from : core_.threads()) {
      ImageThread thread;
      thread.tid = from.tid;
      thread.flags = dump::kThreadRegistersKnown | (from.tid == image_.process.pid ? dump::kThreadMain : 0);
      thread.thread_pointer = from.thread_pointer;
      std::copy(std::begin(from.registers), std::end(from.registers), thread.registers);
      if (const CoreSegment* stack = core_.segment_at(from.registers[kStackPointer]))
        thread.stack_begin = stack->begin, thread.stack_end = stack->end;
      image_.threads.push_back(std::move(thread));
    }
  }

  // Neighbours share a region; the size field between them reads as a small number, not as a pointer.
  void add_blocks(const std::vector<ImageBlock>& blocks) {
    constexpr uint64_t kBetween = 8;
    for (size_t first = 0, next = 0; first < blocks.size(); first = next) {
      uint64_t end = blocks[first].address + blocks[first].size;
      for (next = first + 1; next < blocks.size() && blocks[next].address == end + kBetween; ++next)
        end = blocks[next].address + blocks[next].size;
      add_region(blocks[first].address, end, dump::RegionKind::kHeap, 0);
    }
  }

  // As much of it as the core has, cut where one segment ends and the next begins.
  void add_region(uint64_t begin, uint64_t end, dump::RegionKind kind, uint32_t thread) {
    begin = (begin + 7) & ~uint64_t{7};
    while (begin < end) {
      const CoreSegment* segment = core_.segment_at(begin);
      if (!segment) return;
      const uint64_t stop = std::min({end, segment->stored_end, begin + 8 * kMostRegionWords});
      if (stop >= begin + 8) {
        regions_.push_back({begin, (stop - begin) / 8, kind, thread, words_at(*segment, begin, stop), nullptr});
        longest_ = std::max(longest_, regions_.back().word_count);
      }
      begin = stop < segment->stored_end ? stop : segment->end;
    }
  }

  // In the core itself, or a copy where it does not stand at a multiple of 8.
  const uint64_t* words_at(const CoreSegment& segment, uint64_t begin, uint64_t end) {
    const uint8_t* bytes = segment.bytes + (begin - segment.begin);
    if (reinterpret_cast<uintptr_t>(bytes) % 8 == 0) return reinterpret_cast<const uint64_t*>(bytes);
    image_.region_storage.push_back(zeroed_words((end - begin) / 8));
    std::memcpy(image_.region_storage.back().get(), bytes, (end - begin) / 8 * 8);
    return image_.region_storage.back().get();
  }

  // Every word is known: all regions share one map that says so.
  void finish_regions() {
    const size_t size = longest_ / 64 + 1;
    WordArray known = zeroed_words(size);
    std::fill_n(known.get(), size, ~uint64_t{0});
    for (ImageRegion& region : regions_) region.known = known.get();
    image_.region_storage.push_back(std::move(known));
    std::sort(regions_.begin(), regions_.end(),
              [](const ImageRegion& a, const ImageRegion& b) { return a.address < b.address; });
    uint64_t end = 0;
    std::erase_if(regions_, [&](const ImageRegion& region) {
      if (region.address < end) return true;
      end = region.end();
      return false;
    });
    image_.regions = std::move(regions_);
  }

  void find_vtables() {
    uint64_t lowest = ~uint64_t{0}, highest = 0;
    for (const ImageModule& module : image_.modules)
      for (const ImageSegment& segment : module.segments)
        if (segment.type == PT_LOAD) lowest = std::min(lowest, segment.begin), highest = std::max(highest, segment.end);
    std::unordered_set<uint64_t> asked;
    for (const ImageRegion& region : image_.regions) {
      if (region.kind == dump::RegionKind::kRelro) continue;
      image_.for_each_word(region.address, region.end(), [&](uint64_t, uint64_t word) {
        if (word < lowest || word >= highest || word % 8 != 0 || !asked.insert(word).second) return;
        if (const std::string_view name = type_name_behind(word); !name.empty())
          image_.vtable_names.emplace(word, name);
      });
    }
  }

  void find_unaligned() {
    if (image_.blocks.empty()) return;
    const uint64_t lowest = image_.blocks.front().address, span = image_.blocks.back().address + 1 - lowest;
    for (const ImageRegion& region : image_.regions)
      for (uint64_t i = 0; i + 1 < region.word_count; ++i)
        dump::for_each_unaligned(region.words[i], region.words[i + 1], lowest, span,
                                 [&](uint64_t offset, uint64_t word) {
                                   if (image_.block_at(word) != Image::kNoBlock)
                                     image_.unaligned.push_back({region.address + 8 * i + offset, word});
                                 });
  }

  // Itanium C++ ABI 2.5 and 2.9.3: the word before a vtable's address point is the type_info, whose second word is the
  // name.
  std::string_view type_name_behind(uint64_t vtable) const {
    constexpr uint64_t kMostName = 8192;
    auto in_module = [&](uint64_t address) { return address % 8 == 0 && image_.module_at(address) != nullptr; };
    if (!in_module(vtable)) return {};
    const uint64_t type_info = memory_.word(vtable - 8).value_or(0);
    if (!in_module(type_info) || !in_module(memory_.word(type_info).value_or(0))) return {};
    std::string_view name = memory_.text(memory_.word(type_info + 8).value_or(0), kMostName);
    if (name.starts_with('*')) name.remove_prefix(1);  // compared by address only
    const bool is_name = name.size() >= 2 && std::isalnum(static_cast<unsigned char>(name.front())) &&
                         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
    return is_name ? name : std::string_view();
  }

  static constexpr int kStackPointer = 7;
  const CoreFile& core_;
  CoreMemory memory_;
  Image image_;
  std::vector<ImageRegion> regions_;
  uint64_t longest_ = 0;  // words of a region
};

}  // namespace

Image read_core(const std::string& path, const std::string& sysroot) {
  const auto core = std::make_shared<CoreFile>(path);
  Image image = CoreImage(*core, sysroot).read();
  image.core = core;
  return image;
}

Image read_image(const std::string& path, const std::string& sysroot) {
  constexpr std::string_view kElf = ELFMAG, kZstd = "\x28\xb5\x2f\xfd", kLz4 = "\x04\x22\x4d\x18",
                             kXz =
                                 "\xfd"
                                 "7zX";
  const MappedFile file(path);
  if (file.bytes().empty()) throw Error(path, 0, "a dump or a core; this file is empty (ulimit -c, a full disk)");
  const auto begin = file.bytes().first(std::min(kElf.size(), file.bytes().size()));
  const std::string_view magic(reinterpret_cast<const char*>(begin.data()), begin.size());
  if (magic == kZstd || magic == kLz4 || magic == kXz)
    throw Error(path, 0, "a dump or a core; this one is compressed: decompress it first");
  return magic == kElf ? read_core(path, sysroot) : read_dump(path);
}

}  // namespace reftally
