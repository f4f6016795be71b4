#include "analyzer/graph/retaining_path.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "analyzer/graph/reference_graph.h"

namespace reftally {
namespace {

constexpr uint64_t kUnseen = ~uint64_t{0};

uint32_t reading_order(RootKind kind) {
  switch (kind) {
    case RootKind::kStatic:
      return 0;
    case RootKind::kThreadLocal:
      return 1;
    case RootKind::kFrame:
      return 2;
    case RootKind::kStack:
      return 3;
    case RootKind::kExternal:
      return 4;
    case RootKind::kPinned:
      return 5;
    case RootKind::kRegister:
      return 6;
  }
  return 7;
}

bool is_doubtful(ReferenceKind kind, Certainty certainty) {
  return certainty == Certainty::kConservative || kind == ReferenceKind::kAmbiguous;
}

uint64_t mix(uint64_t a, uint64_t b) {  // the finalizer of MurmurHash3, over both
  uint64_t h = a * 0x9e3779b97f4a7c15 + b;
  h = (h ^ h >> 33) * 0xff51afd7ed558ccd;
  h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53;
  return h ^ h >> 33;
}

uint64_t hash_text(std::string_view text) {  // FNV-1a: the same on every machine
  uint64_t h = 0xcbf29ce484222325;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return h;
}

// Statics by name; a stack's name holds a thread's number, and a static without a symbol an offset.
uint64_t root_hash(const Heap& heap, const HeapRoot& root) {
  const std::string_view name = heap.text(root.name);
  const bool named = (root.kind == RootKind::kStatic || root.kind == RootKind::kThreadLocal) &&
                     name.find("0x") == std::string_view::npos;
  return mix(static_cast<uint64_t>(root.kind), named ? hash_text(name) : 1);
}

std::vector<uint32_t> roots_in_reading_order(const Heap& heap, Follow follow) {
  std::vector<uint32_t> rows;
  for (uint32_t row = 0; row < heap.roots.size(); row++)
    if (follow == Follow::kAnything || root_can_own(heap, heap.roots[row])) rows.push_back(row);
  std::stable_sort(rows.begin(), rows.end(), [&](uint32_t a, uint32_t b) {
    const HeapRoot &x = heap.roots[a], &y = heap.roots[b];
    return std::tuple(reading_order(x.kind), heap.text(x.name), heap.type_name(x.to), heap.birth_order[index(x.to)]) <
           std::tuple(reading_order(y.kind), heap.text(y.name), heap.type_name(y.to), heap.birth_order[index(y.to)]);
  });
  return rows;
}

}  // namespace

// Breadth first without a doubtful step, then on from all of it with one, and so on: a step into doubt waits for the
// next round, where it takes its turn by its number of steps.
RetainingPaths::Tree RetainingPaths::search(Follow follow) const {
  struct Arrival {
    ObjectId to, from;
    uint64_t by;
    uint32_t steps;
  };
  struct Visit {
    uint32_t object, steps;
  };
  Tree tree;
  tree.came_by.assign(heap_.object_count(), kUnseen);
  tree.from.assign(heap_.object_count(), kNoObject);
  std::vector<Visit> queue;
  std::vector<Arrival> round, next_round;
  auto arrive = [&](const Arrival& arrival) {
    if (tree.came_by[index(arrival.to)] != kUnseen) return;
    tree.came_by[index(arrival.to)] = arrival.by;
    tree.from[index(arrival.to)] = arrival.from;
    tree.order.push_back(arrival.to);
    queue.push_back({index(arrival.to), arrival.steps});
  };
  auto expand = [&](const Visit& visit) {
    for (uint64_t row = heap_.references.begin(visit.object); row < heap_.references.end(visit.object); row++) {
      const ObjectId to = heap_.referent[row];
      if (tree.came_by[index(to)] != kUnseen || (follow == Follow::kOwners && !can_own(heap_, row))) continue;
      const Arrival arrival{to, ObjectId{visit.object}, row, visit.steps + 1};
      if (is_doubtful(heap_.kind[row], heap_.certainty[row])) {
        next_round.push_back(arrival);
      } else {
        arrive(arrival);
      }
    }
  };
  for (uint32_t row : roots_in_reading_order(heap_, follow)) {
    const HeapRoot& root = heap_.roots[row];
    (is_doubtful(root.reference, root.certainty) ? next_round : round).push_back({root.to, kNoObject, row, 0});
  }
  for (; !round.empty() || !next_round.empty(); round.swap(next_round), next_round.clear()) {
    std::stable_sort(round.begin(), round.end(), [](const Arrival& a, const Arrival& b) { return a.steps < b.steps; });
    queue.clear();
    for (size_t head = 0, next = 0; head < queue.size() || next < round.size();) {
      if (next < round.size() && (head == queue.size() || round[next].steps <= queue[head].steps)) {
        arrive(round[next++]);
      } else {
        const Visit visit = queue[head++];
        expand(visit);
      }
    }
  }
  return tree;
}

const RetainingPaths::Tree& RetainingPaths::tree(Follow follow) {
  std::optional<Tree>& tree = trees_[static_cast<size_t>(follow)];
  if (!tree) tree = search(follow);
  return *tree;
}

RetainingPath RetainingPaths::path_to(ObjectId object, Follow follow) {
  const Tree& paths = tree(follow);
  RetainingPath path;
  if (paths.came_by[index(object)] == kUnseen) return path;
  ObjectId at = object;
  for (; paths.from[index(at)] != kNoObject; at = paths.from[index(at)])
    path.references.push_back(paths.came_by[index(at)]);
  path.root = static_cast<uint32_t>(paths.came_by[index(at)]);
  std::reverse(path.references.begin(), path.references.end());
  return path;
}

void RetainingPaths::for_each_held(Follow follow, const VisitHeld& visit) {
  const Tree& paths = tree(follow);
  for (ObjectId object : paths.order) visit(object, paths.from[index(object)], paths.came_by[index(object)]);
}

std::vector<uint64_t> RetainingPaths::signatures(Follow follow) {
  const Tree& paths = tree(follow);
  std::vector<uint64_t> type_hash, label_hash;
  for (const HeapType& type : heap_.types) type_hash.push_back(hash_text(heap_.text(type.name)));
  for (const HeapLabel& label : heap_.labels)
    label_hash.push_back(mix(hash_text(heap_.text(label.owner)), hash_text(heap_.text(label.path))));
  std::vector<uint64_t> signature(heap_.object_count(), 0);
  for (ObjectId object : paths.order) {
    const uint32_t at = index(object);
    if (paths.from[at] == kNoObject) {
      signature[at] = root_hash(heap_, heap_.roots[paths.came_by[at]]);
      continue;
    }
    const uint32_t from = index(paths.from[at]);
    const uint64_t step = mix(type_hash[index(heap_.type[from])], label_hash[index(heap_.label[paths.came_by[at]])]);
    signature[at] = heap_.type[from] == heap_.type[at] ? signature[from] : mix(signature[from], step);
  }
  return signature;
}

}  // namespace reftally
