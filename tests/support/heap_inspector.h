// Questions a test asks of a Heap by address.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/heap/heap.h"

namespace reftally::test {

class HeapInspector {
 public:
  explicit HeapInspector(const Heap& heap) : heap_(heap) {}

  ObjectId at(uint64_t address) const {
    for (uint32_t i = 0; i < heap_.object_count(); ++i) {
      if (heap_.address[i] == address) return ObjectId{i};
    }
    return kNoObject;
  }

  // The references between two objects: "strong/counted Parent::+0", joined by "; ".
  std::string between(uint64_t from, uint64_t to) const {
    const ObjectId source = at(from), target = at(to);
    if (source == kNoObject || target == kNoObject) return "no such object";
    std::string text;
    for (uint64_t r = heap_.references.begin(index(source)); r < heap_.references.end(index(source)); ++r) {
      if (heap_.referent[r] != target) continue;
      const HeapLabel& label = heap_.labels[index(heap_.label[r])];
      if (!text.empty()) text += "; ";
      text += name(heap_.kind[r]) + "/" + name(heap_.certainty[r]);
      if (index(label.path))
        text += " " + std::string(heap_.text(label.owner)) + "::" + std::string(heap_.text(label.path));
    }
    return text;
  }

  // The roots of an object: "static strong/counted", joined by "; ".
  std::string roots_of(uint64_t address) const {
    std::string text;
    for (const HeapRoot& root : heap_.roots) {
      if (root.to != at(address)) continue;
      if (!text.empty()) text += "; ";
      text += name(root.kind) + " " + name(root.reference) + "/" + name(root.certainty);
    }
    return text;
  }

  std::string type_of(uint64_t address) const { return std::string(heap_.type_name(at(address))); }
  int64_t strong_count(uint64_t address) const { return heap_.strong_count[index(at(address))]; }
  int64_t weak_count(uint64_t address) const { return heap_.weak_count[index(at(address))]; }
  uint64_t size_of(uint64_t address) const { return heap_.size[index(at(address))]; }

  static std::string name(ReferenceKind kind) {
    constexpr const char* kNames[] = {"strong", "weak", "raw", "ambiguous"};
    return kNames[static_cast<int>(kind)];
  }
  static std::string name(Certainty certainty) {
    constexpr const char* kNames[] = {"exact", "counted", "conservative"};
    return kNames[static_cast<int>(certainty)];
  }
  static std::string name(RootKind kind) {
    constexpr const char* kNames[] = {"?",        "static", "thread_local", "stack",
                                      "register", "frame",  "external",     "pinned"};
    return kNames[static_cast<int>(kind)];
  }

 private:
  const Heap& heap_;
};

}  // namespace reftally::test
