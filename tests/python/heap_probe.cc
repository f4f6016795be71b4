// What a Python dump says, as plain lines for the tests in this folder:
//   heap_probe accounts DUMP   objects that count, how many of them are explained, and by type those that are not
//   heap_probe places DUMP     the same object by object, with the words found for each
//   heap_probe counted DUMP    references that only the counts make certain, by place and type
//   heap_probe garbage DUMP    addresses of what the interpreter's collector would free
//   heap_probe objects DUMP    address, size, count, type of every object
#include <cstdio>
#include <cstring>
#include <map>
#include <string>

#include "analyzer/flavours/declared_facts.h"
#include "analyzer/graph/reference_graph.h"
#include "analyzer/image/dump_image.h"

using namespace reftally;

namespace {

void print_accounts(const Heap& heap) {
  const Accounts accounts = close_accounts(heap);
  uint64_t counted = 0, explained = 0, with_words = 0;
  std::map<std::pair<int, std::string>, std::pair<int64_t, int64_t>> by_type;
  std::vector<int64_t> words(heap.object_count());
  for (uint64_t row = 0; row < heap.referent.size(); row++)
    if (heap.kind[row] == ReferenceKind::kAmbiguous) words[index(heap.referent[row])]++;
  for (const HeapRoot& root : heap.roots)
    if (root.reference == ReferenceKind::kAmbiguous) words[index(root.to)]++;
  for (uint32_t i = 0; i < heap.object_count(); i++) {
    if (!heap.is_counted(ObjectId{i})) continue;
    const int64_t rest = accounts.remainder[i];
    counted++;
    explained += rest == 0;
    with_words += rest == 0 || (rest > 0 && words[i] >= rest);
    if (rest == 0) continue;
    auto& sum = by_type[{rest < 0 ? -1 : 1, std::string(heap.type_name(ObjectId{i}))}];
    sum.first++;
    sum.second += rest;
  }
  std::printf("counted %lu explained %lu with-words %lu objects %u references %zu\n", counted, explained, with_words,
              heap.object_count(), heap.referent.size());
  for (const auto& [key, sum] : by_type)
    std::printf("%s %ld %ld %s\n", key.first < 0 ? "over" : "under", sum.first, sum.second, key.second.c_str());
}

// For every object that structure does not explain: what words were found, or that none was.
void print_places(const Heap& heap) {
  const Accounts accounts = close_accounts(heap);
  std::multimap<uint32_t, std::string> places;
  for (uint32_t from = 0; from < heap.object_count(); from++)
    for (uint64_t row = heap.references.begin(from); row < heap.references.end(from); row++)
      if (heap.kind[row] == ReferenceKind::kAmbiguous)
        places.emplace(index(heap.referent[row]), std::string(heap.type_name(ObjectId{from})) + " " +
                                                      std::string(heap.text(heap.labels[index(heap.label[row])].path)));
  for (const HeapRoot& root : heap.roots)
    if (root.reference == ReferenceKind::kAmbiguous) places.emplace(index(root.to), heap.text(root.name));
  for (uint32_t i = 0; i < heap.object_count(); i++) {
    if (!heap.is_counted(ObjectId{i}) || accounts.remainder[i] == 0) continue;
    std::printf("%lx %s %ld:", heap.address[i], std::string(heap.type_name(ObjectId{i})).c_str(),
                accounts.remainder[i]);
    const auto [begin, end] = places.equal_range(i);
    for (auto place = begin; place != end; place++) std::printf(" | %s", place->second.c_str());
    std::printf("\n");
  }
}

void print_counted(const Heap& heap) {
  std::map<std::string, int> by_place;
  auto add = [&](ObjectId to, std::string_view place) {
    by_place[std::string(heap.type_name(to).substr(0, heap.type_name(to).find(' '))) + " <- " +
             std::string(place.substr(0, place.find(" + ")))]++;
  };
  for (uint32_t from = 0; from < heap.object_count(); from++)
    for (uint64_t row = heap.references.begin(from); row < heap.references.end(from); row++)
      if (heap.certainty[row] == Certainty::kCounted)
        add(heap.referent[row], std::string(heap.type_name(ObjectId{from})) + " " +
                                    std::string(heap.text(heap.labels[index(heap.label[row])].path)));
  for (const HeapRoot& root : heap.roots)
    if (root.certainty == Certainty::kCounted) add(root.to, heap.text(root.name));
  for (const auto& [place, count] : by_place) std::printf("%d %s\n", count, place.c_str());
}

void print_garbage(const Heap& heap) {
  const ObjectSet garbage = find_collector_garbage(heap);
  for (uint32_t i = 0; i < heap.object_count(); i++)
    if (garbage[i]) std::printf("%lu %s\n", heap.address[i], std::string(heap.type_name(ObjectId{i})).c_str());
}

void print_objects(const Heap& heap) {
  for (uint32_t i = 0; i < heap.object_count(); i++)
    std::printf("%lu %lu %ld %x %s\n", heap.address[i], heap.size[i], heap.strong_count[i], heap.flags[i],
                std::string(heap.type_name(ObjectId{i})).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const Image image = read_dump(argv[2]);
  HeapBuilder builder;
  add_declared_facts(image, builder);
  const Heap heap = std::move(builder).build();
  if (strcmp(argv[1], "accounts") == 0) print_accounts(heap);
  if (strcmp(argv[1], "places") == 0) print_places(heap);
  if (strcmp(argv[1], "counted") == 0) print_counted(heap);
  if (strcmp(argv[1], "garbage") == 0) print_garbage(heap);
  if (strcmp(argv[1], "objects") == 0) print_objects(heap);
  return 0;
}
