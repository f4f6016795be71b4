#include "analyzer/findings/import_garbage.h"

#include <algorithm>
#include <cctype>
#include <string_view>

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

// What a module of C loses while it is made: Cython's keep code objects in variables that nobody reads, which compilers
// leave out. An import happens once, so it does not grow.
bool is_of_module_making(const Image& image, const DebugTypes& types, StackId stack) {
  for (uint64_t address : image.frames(stack))
    for (const SourceFrame& frame : source_frames_at(image, types, address))
      if (!frame.file.empty()) return frame.file.starts_with(kImporter);
  return false;
}

template <class Check>
bool is_note_of_lost(const Heap& heap, const Finding& finding, Check check) {
  return finding.severity == Severity::kNote && std::string_view(finding.rule) == "leaked-reference" &&
         std::all_of(finding.instances.begin(), finding.instances.end(), [&](const std::vector<ObjectId>& objects) {
           return heap.flavour[index(objects.front())] == FlavourId::kPython && check(objects.front());
         });
}

// The tuples that those code objects were made of come from a free list, so their births are unknown, and the collector
// has met them since: only where the code objects themselves are lost, and only so few.
bool may_be_constants(const Heap& heap, const Finding& finding) {
  constexpr size_t kFew = 100;
  return finding.instances.size() < kFew && is_note_of_lost(
                                                heap, finding,
                                                [&](ObjectId object) {
                                                  return heap.birth_stack[index(object)] == StackId{} &&
                                                         heap.type_name(object) == "tuple" &&
                                                         (heap.flags[index(object)] & dump::kObjectTracked) == 0;
                                                });
}

void forget_lost_by_import(const Heap& heap, const Image& image, const DebugTypes& types,
                           std::vector<Finding>& findings) {
  const size_t erased = std::erase_if(findings, [&](const Finding& finding) {
    return is_note_of_lost(heap, finding, [&](ObjectId object) {
      const StackId stack = heap.birth_stack[index(object)];
      return stack != StackId{} && is_of_module_making(image, types, stack);
    });
  });
  if (erased > 0) std::erase_if(findings, [&](const Finding& finding) { return may_be_constants(heap, finding); });
}

bool is_class(const Heap& heap, ObjectId object) { return heap.type_name(object).starts_with("type "); }

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
  if (findings.empty() || !births_are_known(heap)) return;
  forget_lost_by_import(heap, image, types, findings);
  std::erase_if(findings, [&](const Finding& finding) {
    return finding.severity == Severity::kNote && std::string_view(finding.rule) == "unreachable-cycle" &&
           std::all_of(finding.instances.begin(), finding.instances.end(), [&](const std::vector<ObjectId>& objects) {
             return is_import_garbage(heap, image, types, objects);
           });
  });
}

}  // namespace reftally
