#include "analyzer/findings/import_garbage.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "analyzer/findings/rules.h"
#include "analyzer/image/call_frames.h"

namespace reftally {
namespace {

constexpr std::string_view kImporter = "<frozen importlib";

// "/usr/lib/python3.11/ssl.py"; not what packagers and pip install below it.
bool is_own_library(std::string_view file) {
  if (file.starts_with("<frozen ")) return true;
  if (file.find("/site-packages/") != file.npos || file.find("/dist-packages/") != file.npos) return false;
  const size_t found = file.find("/lib/python3.");
  return found != file.npos && found + 13 < file.size() && std::isdigit(static_cast<unsigned char>(file[found + 13]));
}

// From inside out there is nothing but the library's own files, up to the importer.
bool is_of_import(const Image& image, const DebugTypes& types, StackId stack) {
  bool any = false;
  for (uint64_t address : image.frames(stack))
    for (const SourceFrame& frame : source_frames_at(image, types, address)) {
      if (frame.file.starts_with(kImporter)) return any;
      if (!is_own_library(frame.file)) return false;
      any = true;
    }
  return false;
}

// "PyInit__rust", or what runs the slots of a module that is made in two steps.
bool is_module_maker(const std::string& function) {
  return function.starts_with("PyInit_") || function == "PyModule_ExecDef";
}

// What a module of C loses while it is made: Cython's keep code objects in variables that nobody reads, which compilers
// leave out. An import happens once, so it does not grow. Frames of C may stand before those of Python.
bool is_of_module_making(const Image& image, const DebugTypes& types, StackId stack) {
  for (uint64_t address : image.frames(stack))
    for (const SourceFrame& frame : source_frames_at(image, types, address)) {
      if (is_module_maker(frame.function) || frame.file.starts_with(kImporter)) return true;
      if (frame.file.ends_with(".py") || frame.file.starts_with("<")) return false;
    }
  return false;
}

template <class Check>
bool is_note_of_lost(const Heap& heap, const Finding& finding, Check check) {
  return finding.severity == Severity::kNote && std::string_view(finding.rule) == "leaked-reference" &&
         std::all_of(finding.instances.begin(), finding.instances.end(), [&](const std::vector<ObjectId>& objects) {
           return heap.flavour[index(objects.front())] == FlavourId::kPython && check(objects.front());
         });
}

// Names of variables: the interpreter has each of them once.
bool holds_names_alone(const Heap& heap, ObjectId tuple) {
  for (uint64_t row = heap.references.begin(index(tuple)); row < heap.references.end(index(tuple)); row++)
    if ((heap.flags[index(heap.referent[row])] & dump::kObjectInterned) == 0) return false;
  return true;
}

// The tuples that those code objects were made of come from a free list, so their births are unknown, and the collector
// has met them since: only where the code objects themselves are lost, and few that hold anything but names (scipy's
// modules lose 322 tuples, and 318 of them are the names of a function's variables).
bool may_be_constants(const Heap& heap, const Finding& finding) {
  constexpr std::ptrdiff_t kFew = 100;
  const bool all = is_note_of_lost(heap, finding, [&](ObjectId object) {
    return heap.birth_stack[index(object)] == StackId{} && heap.type_name(object) == "tuple" &&
           (heap.flags[index(object)] & dump::kObjectTracked) == 0;
  });
  return all && std::count_if(finding.instances.begin(), finding.instances.end(),
                              [&](const auto& objects) { return !holds_names_alone(heap, objects.front()); }) < kFew;
}

void forget_lost_by_import(const Heap& heap, const Image& image, const DebugTypes& types,
                           std::vector<Finding>& findings) {
  constexpr std::ptrdiff_t kLeast = 3;  // as in find_unheld_counts: what fewer calls lost is doubtful
  const size_t erased = std::erase_if(findings, [&](const Finding& finding) {
    if (!is_note_of_lost(heap, finding, [](ObjectId) { return true; })) return false;
    const auto others = std::count_if(finding.instances.begin(), finding.instances.end(), [&](const auto& objects) {
      const StackId stack = heap.birth_stack[index(objects.front())];
      return stack == StackId{} || !is_of_module_making(image, types, stack);
    });
    return others < kLeast && static_cast<size_t>(others) < finding.instances.size();
  });
  if (erased > 0) std::erase_if(findings, [&](const Finding& finding) { return may_be_constants(heap, finding); });
}

bool is_of_interpreter(const Image& image, uint64_t address) {
  const ImageModule* module = image.module_at(address);
  if (module == nullptr) return false;
  const std::string_view path = module->path, name = path.substr(path.rfind('/') + 1);
  return name.starts_with("python") || name.starts_with("libpython");
}

bool makes_module(const Image& image, const DebugTypes& types, uint64_t address) {
  const std::vector<SourceFrame> frames = source_frames_at(image, types, address);
  return std::any_of(frames.begin(), frames.end(),
                     [](const SourceFrame& frame) { return is_module_maker(frame.function); });
}

// Where the interpreter calls what makes a module: learned from stacks that show it, for others do not. PyO3's PyInit
// functions end with a jump, which leaves no frame of them.
std::unordered_set<uint64_t> module_making_calls(const Image& image, const DebugTypes& types) {
  std::unordered_map<uint64_t, bool> makes;  // by address in an extension
  std::unordered_set<uint64_t> calls;
  for (const StackNode& node : image.stacks) {
    if (node.parent == StackId{}) continue;
    const uint64_t caller = image.stacks[index(node.parent)].ip;
    if (!is_of_interpreter(image, caller) || is_of_interpreter(image, node.ip)) continue;
    const auto [row, fresh] = makes.try_emplace(node.ip);
    if (fresh) row->second = makes_module(image, types, node.ip);
    if (row->second) calls.insert(caller);
  }
  return calls;
}

// A module in C, C++ or Rust may lose blocks too while it is made: PyO3 never frees the names of its classes. More
// than a little is worth telling, though it cannot grow.
bool is_block_lost_by_import(const Heap& heap, const Image& image, const DebugTypes& types,
                             const std::unordered_set<uint64_t>& calls, const Finding& finding) {
  constexpr uint64_t kLittle = 64u << 10;
  if (std::string_view(finding.rule) != "unreachable-block" || finding.retained_bytes >= kLittle) return false;
  return std::all_of(finding.instances.begin(), finding.instances.end(), [&](const std::vector<ObjectId>& objects) {
    const StackId stack = heap.birth_stack[index(objects.front())];
    if (heap.flavour[index(objects.front())] == FlavourId::kPython)
      return stack != StackId{} && is_of_module_making(image, types, stack);
    const std::vector<uint64_t> frames = image.frames(stack);
    return std::any_of(frames.begin(), frames.end(), [&](uint64_t address) {
      return calls.contains(address) || makes_module(image, types, address);
    });
  });
}

void forget_blocks_lost_by_import(const Heap& heap, const Image& image, const DebugTypes& types,
                                  std::vector<Finding>& findings) {
  const bool any = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return std::string_view(finding.rule) == "unreachable-block";
  });
  if (!any) return;
  const std::unordered_set<uint64_t> calls = module_making_calls(image, types);
  std::erase_if(findings,
                [&](const Finding& finding) { return is_block_lost_by_import(heap, image, types, calls, finding); });
}

// sem_t: its value and, in the upper half, the number of those who wait; then whether processes share it.
bool is_semaphore(const Heap& heap, const Image& image, ObjectId object) {
  constexpr uint64_t kSize = 32, kManyThreads = 1 << 16;
  const uint64_t at = heap.address[index(object)];
  if (heap.flavour[index(object)] == FlavourId::kPython || heap.size[index(object)] != kSize) return false;
  const std::optional<uint32_t> value = image.half(at), waiting = image.half(at + 4), shared = image.half(at + 8);
  return value && *value <= 1 && waiting.value_or(0) < kManyThreads && shared.value_or(0) <= UINT8_MAX;
}

bool was_born_before_fork(const Image& image, uint64_t address) {
  const uint32_t block = image.block_at(address);
  const uint32_t birth = block != Image::kNoBlock ? image.blocks[block].birth : 0;
  return birth != 0 && birth < image.process.fork_birth;
}

// A semaphore that the interpreter's own code asked for. After fork() CPython takes new locks for the old, which it
// never frees: no standard says what a child may do with them. Without a birth stack it must at least have been there
// when the process was copied.
bool is_lock_left_by_fork(const Heap& heap, const Image& image, ObjectId object) {
  if (!is_semaphore(heap, image, object)) return false;
  const StackId stack = heap.birth_stack[index(object)];
  if (stack == StackId{}) return was_born_before_fork(image, heap.address[index(object)]);
  const std::vector<uint64_t> frames = image.frames(stack);
  return frames.size() >= 2 && is_of_interpreter(image, frames[0]) && is_of_interpreter(image, frames[1]);
}

bool is_left_by_fork(const Heap& heap, const Image& image, const Finding& finding) {
  return std::string_view(finding.rule) == "unreachable-block" && !image.declared.collector.empty() &&
         std::all_of(finding.instances.begin(), finding.instances.end(), [&](const std::vector<ObjectId>& objects) {
           return is_lock_left_by_fork(heap, image, objects.front());
         });
}

// Functions of the interpreter's own library and, by their methods, its classes.
std::unordered_set<std::string_view> names_in_own_library(const Image& image) {
  std::unordered_set<std::string_view> names;
  for (const dump::DeclaredName& row : image.declared.names) {
    if (row.file.length == 0 || !is_own_library(image.text(row.file))) continue;
    const std::string_view name = image.text(row.name);
    names.insert(name);
    names.insert(name.substr(0, name.rfind('.')));
  }
  return names;
}

// "asyncio.sslproto.SSLProtocol", "function contextlib.contextmanager.<locals>.helper"; "method" and "dict" are the
// interpreter's own.
bool is_of_own_library(const std::unordered_set<std::string_view>& names, std::string_view type) {
  constexpr std::string_view kFunction = "function ";
  if (type.starts_with(kFunction)) return names.contains(type.substr(kFunction.size()));
  return names.contains(type) || type.find_first_of(". ") == type.npos;
}

// asyncio's transports keep themselves alive once their connection is closed, and have a finalizer: each program with
// a server has such cycles, and nothing to mend.
void judge_finalizers_of_own_library(const Heap& heap, const Image& image, std::vector<Finding>& findings) {
  std::unordered_set<std::string_view> names;
  for (Finding& finding : findings) {
    if (std::string_view(finding.rule) != "finalizer-in-cycle") continue;
    if (names.empty()) names = names_in_own_library(image);
    const bool own = std::all_of(finding.instances.begin(), finding.instances.end(), [&](const auto& objects) {
      return std::all_of(objects.begin(), objects.end(),
                         [&](ObjectId object) { return is_of_own_library(names, heap.type_name(object)); });
    });
    if (!own) continue;
    finding.severity = Severity::kNote;
    finding.evidence.push_back("a note, for all of it is of the interpreter's own library");
  }
}

// Births of dictionaries and tuples are unknown when they come from a free list; those of classes never do.
bool is_import_garbage(const Heap& heap, const Image& image, const DebugTypes& types,
                       const std::vector<ObjectId>& objects) {
  bool known = false;
  for (ObjectId object : objects) {
    const StackId stack = heap.birth_stack[index(object)];
    if (stack == StackId{}) continue;
    if (!is_of_import(image, types, stack)) return false;
    known = true;
  }
  return known || std::any_of(objects.begin(), objects.end(), [&](ObjectId object) { return is_class(heap, object); });
}

bool births_are_known(const Heap& heap) {
  for (uint32_t i = 0; i < heap.object_count(); i++)
    if (heap.flavour[i] == FlavourId::kPython && heap.birth_stack[i] != StackId{}) return true;
  return false;
}

}  // namespace

void forget_import_garbage(const Heap& heap, const Image& image, const DebugTypes& types,
                           std::vector<Finding>& findings) {
  std::erase_if(findings, [&](const Finding& finding) { return is_left_by_fork(heap, image, finding); });
  judge_finalizers_of_own_library(heap, image, findings);
  if (findings.empty() || !births_are_known(heap)) return;
  forget_lost_by_import(heap, image, types, findings);
  forget_blocks_lost_by_import(heap, image, types, findings);
  std::erase_if(findings, [&](const Finding& finding) {
    return finding.severity != Severity::kError && std::string_view(finding.rule) == "unreachable-cycle" &&
           std::all_of(finding.instances.begin(), finding.instances.end(), [&](const std::vector<ObjectId>& objects) {
             return is_import_garbage(heap, image, types, objects);
           });
  });
}

}  // namespace reftally
