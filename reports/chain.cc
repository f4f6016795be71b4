#include "reports/chain.h"

namespace reftally {
namespace {

constexpr size_t kMostOnRing = 24;
constexpr size_t kMostTold = 40;  // steps

bool same_shape(const Heap& heap, const ReadStep& a, const ReadStep& b) {
  return heap.label[a.first_reference] == heap.label[b.first_reference] &&
         heap.label[a.last_reference] == heap.label[b.last_reference] &&
         heap.type[index(a.from)] == heap.type[index(b.from)] && heap.type[index(a.to)] == heap.type[index(b.to)];
}

}  // namespace

std::vector<Link> fold_chain(const Heap& heap, const std::vector<ReadStep>& steps) {
  std::vector<Link> links;
  for (size_t i = 0; i < steps.size();) {
    size_t end = i;  // of the run of objects that are like their predecessor
    while (end > 0 && end < steps.size() && same_shape(heap, steps[end - 1], steps[end])) end++;
    if (end >= i + 4) {
      links.push_back({i, i});
      links.push_back({i + 1, end - 2, true});
      links.push_back({end - 1, end - 1});
      i = end;
    } else {
      links.push_back({i, i});
      i++;
    }
  }
  if (links.size() <= kMostOnRing) return links;
  constexpr size_t kHead = kMostOnRing / 2, kTail = kMostOnRing - kHead - 1;
  const Link middle{links[kHead].first, links[links.size() - kTail - 1].last, true};
  links.erase(links.begin() + kHead, links.end() - kTail);
  links.insert(links.begin() + kHead, middle);
  return links;
}

std::vector<ReportEdge> told_steps(const Heap& heap, const std::vector<ReadStep>& steps) {
  std::vector<ReportEdge> told;
  if (steps.size() <= kMostTold) {
    for (const ReadStep& step : steps) told.push_back(step.edge);
    return told;
  }
  for (const Link& link : fold_chain(heap, steps)) {
    told.push_back(steps[link.last].edge);
    if (link.elided()) told.back().left_out = link.last - link.first + 1;
  }
  return told;
}

}  // namespace reftally
