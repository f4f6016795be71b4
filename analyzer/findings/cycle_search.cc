#include "analyzer/findings/cycle_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

namespace reftally {
namespace {

constexpr uint64_t kBudget = 200'000;           // edges looked at from further starts in one component
constexpr uint64_t kTotalBudget = 100'000'000;  // and in all of them
constexpr size_t kLongRing = 64;                // steps; a ring has as many starts as steps, all giving the same ring

// Position of each step among the distinct steps of the cycle, counted referrers first, then by text.
std::vector<uint32_t> rank_steps(const Heap& heap, const std::vector<PathStep>& cycle) {
  using Key = std::tuple<bool, uint32_t, uint32_t>;  // uncounted, type, label
  auto key_of = [&](const PathStep& step) {
    return Key{!heap.is_counted(step.from), index(heap.type[index(step.from)]), index(heap.label[step.reference])};
  };
  std::map<Key, std::string> texts;
  for (const PathStep& step : cycle)
    if (auto [at, fresh] = texts.try_emplace(key_of(step)); fresh) at->second = stable_step(heap, step);
  std::vector<std::tuple<bool, std::string_view>> order;
  for (const auto& [key, text] : texts) order.emplace_back(std::get<0>(key), text);
  std::sort(order.begin(), order.end());
  std::map<Key, uint32_t> ranks;
  for (const auto& [key, text] : texts) {
    const auto at = std::lower_bound(order.begin(), order.end(), std::tuple(std::get<0>(key), std::string_view(text)));
    ranks[key] = static_cast<uint32_t>(at - order.begin());
  }
  std::vector<uint32_t> result;
  for (const PathStep& step : cycle) result.push_back(ranks[key_of(step)]);
  return result;
}

// Start of the least rotation (K. S. Booth's problem, solved with two candidates that overtake each other).
size_t least_start(const std::vector<uint32_t>& text) {
  const size_t size = text.size();
  size_t a = 0, b = 1, same = 0;
  while (a < size && b < size && same < size) {
    const uint32_t at_a = text[(a + same) % size], at_b = text[(b + same) % size];
    if (at_a == at_b) {
      same++;
      continue;
    }
    (at_a > at_b ? a : b) += same + 1;
    b += a == b;
    same = 0;
  }
  return std::min(a, b);
}

// Length of the shortest part whose repetition is the whole text (Knuth, Morris and Pratt's border table).
size_t period_of(const std::vector<uint32_t>& text) {
  std::vector<size_t> border(text.size() + 1, 0);
  for (size_t i = 1, k = 0; i < text.size(); i++) {
    while (k > 0 && text[i] != text[k]) k = border[k];
    k += text[i] == text[k];
    border[i + 1] = k;
  }
  const size_t period = text.size() - border[text.size()];
  return text.size() % period == 0 ? period : text.size();
}

}  // namespace

std::string stable_name(std::string_view type) {
  if (type.starts_with("block of ") && type.ends_with(" bytes")) return "block";
  std::string text;
  constexpr std::string_view kLambda = "[lambda ";
  for (size_t at = 0; at < type.size();) {
    const size_t lambda = type.find(kLambda, at);
    const size_t close = lambda == type.npos ? type.npos : type.find(']', lambda);
    const size_t colon = close == type.npos ? type.npos : type.rfind(':', close);
    if (colon == type.npos || colon < lambda) return text.append(type.substr(at));
    text.append(type.substr(at, colon - at));
    at = close;
  }
  return text;
}

std::string stable_step(const Heap& heap, const PathStep& step) {
  const HeapLabel& label = heap.labels[index(heap.label[step.reference])];
  return fmt::format("{}|{}|{}", stable_name(heap.type_name(step.from)), stable_name(heap.text(label.owner)),
                     stable_name(heap.text(label.path)));
}

std::vector<PathStep> least_rotation(const Heap& heap, const std::vector<PathStep>& cycle) {
  if (cycle.empty()) return {};
  std::vector<PathStep> rotated(cycle);
  const size_t start = least_start(rank_steps(heap, cycle));
  std::rotate(rotated.begin(), rotated.begin() + static_cast<ptrdiff_t>(start), rotated.end());
  return rotated;
}

std::string cycle_text(const Heap& heap, const std::vector<PathStep>& cycle) {
  std::string text;
  if (cycle.empty()) return text;
  const size_t period = period_of(rank_steps(heap, cycle));
  for (size_t i = 0; i < period; i++) text += stable_step(heap, cycle[i]) + "\n";
  return text;
}

CycleSearch::CycleSearch(const Heap& heap, const EvidenceGraph& graph)
    : heap_(heap),
      graph_(graph),
      stamp_(graph.graph().size(), 0),
      came_by_(graph.graph().size()),
      came_from_(graph.graph().size()),
      total_budget_(kTotalBudget) {
  rank_labels();
}

// Labels by text: which of two rings of one length is found must not hang on where the objects lie.
void CycleSearch::rank_labels() {
  std::vector<uint32_t> order(heap_.labels.size());
  std::iota(order.begin(), order.end(), 0u);
  auto text = [&](uint32_t label) {
    return std::pair(heap_.text(heap_.labels[label].owner), heap_.text(heap_.labels[label].path));
  };
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return text(a) < text(b); });
  label_rank_.resize(order.size());
  for (uint32_t i = 0; i < order.size(); i++) label_rank_[order[i]] = i;
}

std::vector<PathStep> CycleSearch::find(uint32_t component) {
  for (Doubt doubt : {Doubt::kNone, Doubt::kAmbiguous, Doubt::kAny}) {
    std::optional<Layer>& layer = layers_[static_cast<size_t>(doubt)];
    if (!layer) layer = make_layer(doubt);
    if (std::vector<PathStep> cycle = find_in(*layer, component); !cycle.empty()) return cycle;
  }
  return {};
}

bool CycleSearch::allows(Doubt doubt, uint64_t row) const {
  const ReferenceKind kind = heap_.kind[row];
  if (doubt == Doubt::kAny) return can_own(heap_, row);
  if (kind == ReferenceKind::kStrong && heap_.certainty[row] != Certainty::kConservative) return true;
  return doubt == Doubt::kAmbiguous && (kind == ReferenceKind::kStrong || kind == ReferenceKind::kAmbiguous);
}

CycleSearch::Layer CycleSearch::make_layer(Doubt doubt) const {
  const Subgraph& graph = graph_.graph();
  Layer layer;
  layer.cyclic.assign(graph.size(), 0);
  std::vector<uint64_t> edges;
  for (uint32_t vertex = 0; vertex < graph.size(); vertex++) {
    edges.clear();
    for (uint64_t edge = graph.edges.begin(vertex); edge < graph.edges.end(vertex); edge++)
      if (allows(doubt, graph.reference[edge])) edges.push_back(edge);
    std::stable_sort(edges.begin(), edges.end(), [&](uint64_t a, uint64_t b) {
      return label_rank_[index(heap_.label[graph.reference[a]])] < label_rank_[index(heap_.label[graph.reference[b]])];
    });
    for (uint64_t edge : edges) {
      layer.target.push_back(graph.target[edge]);
      layer.reference.push_back(graph.reference[edge]);
      if (graph.target[edge] == vertex) layer.cyclic[vertex] = 1;
    }
    layer.edges.offsets.push_back(layer.target.size());
  }
  Components components = find_components(layer.edges, layer.target);
  std::vector<uint32_t> size(components.count, 0);
  for (uint32_t component : components.component) size[component]++;
  for (uint32_t vertex = 0; vertex < graph.size(); vertex++)
    if (size[components.component[vertex]] > 1) layer.cyclic[vertex] = 1;
  layer.component = std::move(components.component);
  return layer;
}

std::vector<PathStep> CycleSearch::find_in(const Layer& layer, uint32_t component) {
  uint64_t budget = std::min(kBudget, total_budget_);
  total_budget_ -= budget;
  std::vector<PathStep> best;
  std::string best_text;
  const std::span<const uint32_t> vertices = graph_.vertices_of(component);
  for (uint32_t vertex : vertices) {
    if (!layer.cyclic[vertex] || !heap_.is_counted(graph_.graph().objects[vertex])) continue;
    const size_t longest = best.empty() ? vertices.size() : best.size();
    uint64_t unlimited = ~uint64_t{0};
    const std::vector<uint64_t> edges = shortest_through(layer, vertex, longest, best.empty() ? unlimited : budget);
    if (edges.empty()) continue;
    std::vector<PathStep> cycle = least_rotation(heap_, steps_of(layer, edges));
    std::string text = cycle_text(heap_, cycle);
    if (best.empty() || cycle.size() < best.size() || (cycle.size() == best.size() && text < best_text)) {
      best = std::move(cycle);
      best_text = std::move(text);
    }
    if (budget == 0 || best.size() > kLongRing) break;
  }
  total_budget_ += budget;
  return best;
}

// Breadth first from `start` until an edge comes back to it; nothing when that takes more than `longest` steps, or more
// edges than the budget has.
std::vector<uint64_t> CycleSearch::shortest_through(const Layer& layer, uint32_t start, size_t longest,
                                                    uint64_t& budget) {
  search_++;
  queue_.assign(1, start);
  size_t depth = 1, level_end = 1;
  for (size_t head = 0; head < queue_.size(); head++) {
    if (head == level_end) {
      level_end = queue_.size();
      if (++depth > longest) return {};
    }
    const uint32_t vertex = queue_[head];
    for (uint64_t edge = layer.edges.begin(vertex); edge < layer.edges.end(vertex); edge++) {
      if (budget == 0) return {};
      budget--;
      const uint32_t to = layer.target[edge];
      if (to == start) {
        std::vector<uint64_t> edges{edge};
        for (uint32_t at = vertex; at != start; at = came_from_[at]) edges.push_back(came_by_[at]);
        return {edges.rbegin(), edges.rend()};
      }
      if (stamp_[to] == search_ || layer.component[to] != layer.component[start]) continue;
      stamp_[to] = search_;
      came_by_[to] = edge;
      came_from_[to] = vertex;
      queue_.push_back(to);
    }
  }
  return {};
}

std::vector<PathStep> CycleSearch::steps_of(const Layer& layer, const std::vector<uint64_t>& edges) const {
  std::vector<PathStep> steps;
  for (size_t i = 0; i < edges.size(); i++) {
    const uint64_t before = edges[(i + edges.size() - 1) % edges.size()];
    steps.push_back({graph_.graph().objects[layer.target[before]], layer.reference[edges[i]]});
  }
  return steps;
}

}  // namespace reftally
