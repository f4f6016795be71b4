#include "reports/referrers.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "reports/reference_text.h"

namespace reftally {
namespace {

constexpr size_t kMostKept = 100'000;  // references to one object: more would not be read
constexpr size_t kAddresses = 3;

// Holders that read alike, in the order in which a reader wants them.
class Rows {
 public:
  // `whole`: the member with its index; one holder alone is named so.
  void add(ReportHolder holder, uint64_t address, const std::string& whole) {
    const std::string key = fmt::format("{}\n{}\n{}", holder.member, holder.kind, holder.certainty);
    auto [found, fresh] = row_of_.try_emplace(key, rows_.size());
    const std::string without = holder.member;
    if (fresh) rows_.push_back(std::move(holder));
    ReportHolder& row = rows_[found->second];
    row.count++;
    row.member = row.count == 1 ? whole : without;
    if (address != 0 && row.addresses.size() < kAddresses) row.addresses.push_back(fmt::format("{:#x}", address));
  }

  std::vector<ReportHolder> sorted() && {
    std::stable_sort(rows_.begin(), rows_.end(), [](const ReportHolder& a, const ReportHolder& b) {
      return std::tuple(b.pays, b.count) < std::tuple(a.pays, a.count);
    });
    return std::move(rows_);
  }

 private:
  std::map<std::string, size_t> row_of_;
  std::vector<ReportHolder> rows_;
};

}  // namespace

ReferrerTable::ReferrerTable(const Heap& heap, const std::vector<ObjectId>& objects) : heap_(heap) {
  if (objects.empty()) return;
  std::vector<uint8_t> wanted(heap.object_count(), 0);
  for (ObjectId object : objects) wanted[index(object)] = 1;
  for (uint64_t row = 0; row < heap.referent.size(); row++)
    if (wanted[index(heap.referent[row])]) {
      std::vector<uint64_t>& rows = references_[index(heap.referent[row])];
      if (rows.size() < kMostKept) rows.push_back(row);
    }
  for (uint32_t row = 0; row < heap.roots.size(); row++)
    if (wanted[index(heap.roots[row].to)]) roots_[index(heap.roots[row].to)].push_back(row);
}

std::vector<ReportHolder> ReferrerTable::of(ObjectId object) const {
  Rows rows;
  for (uint64_t row : references_to(object)) {
    const HeapLabel& label = heap_.labels[index(heap_.label[row])];
    rows.add({member_name(heap_, row),
              kind_name(heap_.kind[row]),
              certainty_name(heap_.certainty[row]),
              std::string(heap_.text(label.location)),
              0,
              pays(heap_.kind[row], heap_.certainty[row]),
              {}},
             heap_.address[index(referrer_of(heap_, row))], member_name(heap_, row, true));
  }
  for (uint32_t row : roots_to(object)) {
    const HeapRoot& root = heap_.roots[row];
    const std::string name = fmt::format("root {}", heap_.text(root.name));
    rows.add({name,
              kind_name(root.reference),
              certainty_name(root.certainty),
              "",
              0,
              pays(root.reference, root.certainty),
              {}},
             0, name);
  }
  return std::move(rows).sorted();
}

const std::vector<uint64_t>& ReferrerTable::references_to(ObjectId object) const {
  static const std::vector<uint64_t> kNone;
  const auto found = references_.find(index(object));
  return found == references_.end() ? kNone : found->second;
}

const std::vector<uint32_t>& ReferrerTable::roots_to(ObjectId object) const {
  static const std::vector<uint32_t> kNone;
  const auto found = roots_.find(index(object));
  return found == roots_.end() ? kNone : found->second;
}

}  // namespace reftally
