// Prints what the analyzer makes of a dump, object by object, for the generator's comparison with the truth.
// Usage: facts_of_dump DUMP
#include <fmt/format.h>

#include <cstdio>

#include "analyzer/analysis.h"
#include "analyzer/base/error.h"
#include "analyzer/image/dump_image.h"

namespace reftally {
namespace {

constexpr const char* kKinds[] = {"strong", "weak", "raw", "ambiguous"};
constexpr const char* kCertainties[] = {"exact", "counted", "conservative"};

// object ID ADDRESS SIZE COUNTED STRONG HEAP ROOTS REMAINDER T1 T2 TYPE
void print_objects(const Analysis& analysis) {
  const Heap& heap = analysis.heap;
  for (uint32_t i = 0; i < heap.object_count(); i++)
    fmt::print("object\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", i, heap.address[i], heap.size[i],
               heap.is_counted(ObjectId{i}), heap.strong_count[i], analysis.accounts.heap_references[i],
               analysis.accounts.root_references[i], analysis.accounts.remainder[i],
               int{analysis.reachable.conservative[i]}, int{analysis.reachable.ownership[i]},
               heap.type_name(ObjectId{i}));
}

// reference FROM TO KIND CERTAINTY LABEL
void print_references(const Heap& heap) {
  for (uint32_t i = 0; i < heap.object_count(); i++)
    for (uint64_t row = heap.references.begin(i); row < heap.references.end(i); row++) {
      const HeapLabel& label = heap.labels[index(heap.label[row])];
      fmt::print("reference\t{}\t{}\t{}\t{}\t{}::{}\n", i, index(heap.referent[row]),
                 kKinds[static_cast<int>(heap.kind[row])], kCertainties[static_cast<int>(heap.certainty[row])],
                 heap.text(label.owner), heap.text(label.path));
    }
}

// root TO KIND CERTAINTY NAME
void print_roots(const Heap& heap) {
  for (const HeapRoot& root : heap.roots)
    fmt::print("root\t{}\t{}\t{}\t{}\n", index(root.to), kKinds[static_cast<int>(root.reference)],
               kCertainties[static_cast<int>(root.certainty)], heap.text(root.name));
}

// instance RULE FINGERPRINT ID...
void print_findings(const Analysis& analysis) {
  for (const Finding& finding : analysis.findings)
    for (const std::vector<ObjectId>& instance : finding.instances) {
      fmt::print("instance\t{}\t{}", finding.rule, finding.fingerprint);
      for (ObjectId object : instance) fmt::print("\t{}", index(object));
      fmt::print("\n");
    }
}

}  // namespace
}  // namespace reftally

int main(int argc, char** argv) {
  using namespace reftally;
  if (argc != 2) {
    fmt::print(stderr, "usage: facts_of_dump DUMP\n");
    return 2;
  }
  try {
    const Image image = read_dump(argv[1]);
    const DebugTypes types(image, {});
    const Analysis analysis = analyze(image, types, {});
    print_objects(analysis);
    print_references(analysis.heap);
    print_roots(analysis.heap);
    print_findings(analysis);
  } catch (const Error& error) {
    fmt::print(stderr, "facts_of_dump: {}\n", error.what());
    return 2;
  }
}
