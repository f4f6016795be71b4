#include "analyzer/graph/retaining_path.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

#include "analyzer/graph/prefetch.h"
#include "analyzer/graph/reference_graph.h"

namespace reftally {
namespace {

uint32_t reading_order(RootKind kind) {
  switch (kind) {
    case RootKind::kStatic:
      return 0;
    case RootKind::kThreadLocal:
      return 1;
    case RootKind::kFrame:
    case RootKind::kCallContext:
      return 2;
    case RootKind::kStack:
      return 3;
    case RootKind::kExternal:
    case RootKind::kCache:
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

// CPython: the variables of a module, which its functions and frames have too. Where the module owns them it tells
// more, and the same in every snapshot, whatever runs.
bool is_of_globals(std::string_view member) { return member == "__globals__" || member == "f_globals"; }

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

// The highest bits are the root's place in the order of reading: of equally short paths the least signature is told.
constexpr int kOrderShift = 61;
uint64_t signature_of(uint64_t order, uint64_t hash) { return order << kOrderShift | hash >> (64 - kOrderShift); }
uint64_t one_step_on(uint64_t signature, uint64_t step) {
  return signature_of(signature >> kOrderShift, mix(signature, step));
}

// What a stack or a frame holds, by its type.
uint64_t signature_of_root(const Heap& heap, const HeapRoot& root, uint64_t type_hash) {
  const uint64_t held = is_passing(root.kind) ? type_hash : hash_text(lasting_name(heap, root));
  return signature_of(reading_order(root.kind), mix(static_cast<uint64_t>(root.kind), held));
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

// Breadth first, level by level, without a doubtful step, from what lasts; then from what calls hold; then on from all
// of it with one doubtful step, and so on: a step into doubt waits for the round after next, where it takes its turn by
// its number of steps. Of the paths to an object that end on one level the one of the least signature is kept: order in
// the heap, which is another in every dump, decides nothing that names tell.
class PathSearch {
 public:
  PathSearch(const Heap& heap, Follow follow, std::vector<RetainingPaths::Held>& held, std::vector<ObjectId>& order)
      : heap_(heap), follow_(follow), held_(held), order_(order) {
    for (const HeapType& type : heap.types) type_hash_.push_back(hash_text(heap.text(type.name)));
    for (const HeapLabel& label : heap.labels) {
      label_hash_.push_back(mix(hash_text(heap.text(label.owner)), hash_text(heap.text(label.path))));
      leads_to_globals_.push_back(is_of_globals(heap.text(label.path)));
    }
    if (std::find(leads_to_globals_.begin(), leads_to_globals_.end(), true) == leads_to_globals_.end())
      leads_to_globals_.clear();
    held_.resize(heap.object_count());
    order_.reserve(heap.object_count());
  }

  void run() {
    for (uint32_t row : roots_in_reading_order(heap_, follow_)) {
      const HeapRoot& root = heap_.roots[row];
      rounds_[round_of(root)].push_back({root.to, kNoObject, row, 0});
    }
    while (std::any_of(rounds_.begin(), rounds_.end(), [](const auto& round) { return !round.empty(); })) {
      run_round();
      rounds_.front().clear();
      std::rotate(rounds_.begin(), rounds_.begin() + 1, rounds_.end());
    }
  }

 private:
  struct Arrival {
    ObjectId to, from;
    uint64_t by;
    uint32_t steps;
  };
  static constexpr size_t kPassing = 1, kDoubtful = 2;  // rounds later

  static size_t round_of(const HeapRoot& root) {
    const bool is_last = root.kind == RootKind::kCache || root.kind == RootKind::kCallContext;
    if (is_last || is_doubtful(root.reference, root.certainty)) return kDoubtful;
    return is_passing(root.kind) ? kPassing : 0;
  }

  size_t rounds_later(uint64_t row) const {
    if (is_doubtful(heap_.kind[row], heap_.certainty[row])) return kDoubtful;
    return !leads_to_globals_.empty() && leads_to_globals_[index(heap_.label[row])] ? kPassing : 0;
  }

  void run_round() {
    std::vector<Arrival>& round = rounds_.front();
    std::stable_sort(round.begin(), round.end(), [](const Arrival& a, const Arrival& b) { return a.steps < b.steps; });
    size_t begin = order_.size(), next = 0;
    for (uint32_t steps = 0; begin < order_.size() || next < round.size(); steps++) {
      const size_t end = order_.size();
      if (begin == end) steps = round[next].steps;
      level_++;
      for (; next < round.size() && round[next].steps == steps; next++) arrive(round[next]);
      for (; begin < end; begin++) {
        prefetch_for_queue(heap_, order_, begin, held_);
        expand(order_[begin], steps);
      }
    }
  }

  void expand(ObjectId from, uint32_t steps) {
    for (uint64_t row = heap_.references.begin(index(from)); row < heap_.references.end(index(from)); row++) {
      const ObjectId to = heap_.referent[row];
      if (is_settled(to) || (follow_ == Follow::kOwners && !can_own(heap_, row))) continue;
      const Arrival arrival{to, from, row, steps};
      const size_t later = rounds_later(row);
      later == 0 ? arrive(arrival) : rounds_[later].push_back(arrival);
    }
  }

  bool is_settled(ObjectId object) const {
    const RetainingPaths::Held& held = held_[index(object)];
    return held.by != RetainingPaths::kUnseen && held.level != level_;
  }

  void arrive(const Arrival& arrival) {
    RetainingPaths::Held& held = held_[index(arrival.to)];
    if (is_settled(arrival.to)) return;
    const uint64_t signature = signature_by(arrival);
    const bool is_new = held.by == RetainingPaths::kUnseen;
    if (is_new) order_.push_back(arrival.to);
    if (is_new || signature < held.signature) held = {arrival.by, signature, arrival.from, level_};
  }

  uint64_t signature_by(const Arrival& arrival) const {
    if (arrival.from == kNoObject)
      return signature_of_root(heap_, heap_.roots[arrival.by], type_hash_[index(heap_.type[index(arrival.to)])]);
    const uint64_t signature = held_[index(arrival.from)].signature;
    const TypeId type = heap_.type[index(arrival.from)];
    if (type == heap_.type[index(arrival.to)]) return signature;
    return one_step_on(signature, mix(type_hash_[index(type)], label_hash_[index(heap_.label[arrival.by])]));
  }

  const Heap& heap_;
  const Follow follow_;
  std::vector<uint64_t> type_hash_, label_hash_;
  std::vector<bool> leads_to_globals_;  // by label; empty where none does
  std::vector<RetainingPaths::Held>& held_;
  std::vector<ObjectId>& order_;                            // and the queue
  std::array<std::vector<Arrival>, kDoubtful + 1> rounds_;  // the one under way, and those to come
  uint32_t level_ = 0;
};

}  // namespace

bool is_passing(RootKind kind) {
  return kind == RootKind::kStack || kind == RootKind::kFrame || kind == RootKind::kCallContext ||
         kind == RootKind::kRegister;
}

std::string_view lasting_name(const Heap& heap, const HeapRoot& root) {
  std::string_view name = heap.text(root.name);
  if (is_passing(root.kind) || name.find("0x") != std::string_view::npos) return {};
  if (name.starts_with("thread ")) name.remove_prefix(std::min(name.size(), name.find(',')));  // its number may change
  return name;
}

const RetainingPaths::Tree& RetainingPaths::tree(Follow follow) {
  std::optional<Tree>& tree = trees_[static_cast<size_t>(follow)];
  if (!tree) {
    tree.emplace();
    PathSearch(heap_, follow, tree->held, tree->order).run();
  }
  return *tree;
}

RetainingPath RetainingPaths::path_to(ObjectId object, Follow follow) {
  const std::vector<Held>& held = tree(follow).held;
  RetainingPath path;
  if (held[index(object)].by == kUnseen) return path;
  ObjectId at = object;
  for (; held[index(at)].from != kNoObject; at = held[index(at)].from) path.references.push_back(held[index(at)].by);
  path.root = static_cast<uint32_t>(held[index(at)].by);
  std::reverse(path.references.begin(), path.references.end());
  return path;
}

void RetainingPaths::for_each_held(Follow follow, const VisitHeld& visit) {
  const Tree& paths = tree(follow);
  for (ObjectId object : paths.order) visit(object, paths.held[index(object)].from, paths.held[index(object)].by);
}

std::vector<uint64_t> RetainingPaths::signatures(Follow follow) {
  std::vector<uint64_t> signatures;
  signatures.reserve(heap_.object_count());
  for (const Held& held : tree(follow).held) signatures.push_back(held.signature);
  return signatures;
}

}  // namespace reftally
