#include "analyzer/findings/earlier.h"

#include <algorithm>

namespace reftally {

std::vector<uint32_t> count_candidate_words(const Heap& heap) {
  std::vector<uint32_t> words(heap.object_count(), 0);
  for (uint64_t row = 0; row < heap.referent.size(); row++)
    words[index(heap.referent[row])] += heap.kind[row] == ReferenceKind::kAmbiguous;
  for (const HeapRoot& root : heap.roots) words[index(root.to)] += root.reference == ReferenceKind::kAmbiguous;
  return words;
}

Earlier::Earlier(const Heap& heap, const Accounts& accounts) {
  const std::vector<uint32_t> words = count_candidate_words(heap);
  for (uint32_t i = 0; i < heap.object_count(); i++)
    if (heap.is_counted(ObjectId{i}))
      rows_[heap.address[i]] = {std::string(heap.type_name(ObjectId{i})), accounts.remainder[i], words[i]};
}

const Earlier::Row* Earlier::find(const Heap& heap, ObjectId object) const {
  const auto found = rows_.find(heap.address[index(object)]);
  return found != rows_.end() && found->second.type == heap.type_name(object) ? &found->second : nullptr;
}

bool Earlier::has(const Heap& heap, ObjectId object) const { return find(heap, object) != nullptr; }

int64_t Earlier::lost_since(const Heap& heap, const Accounts& accounts, const std::vector<uint32_t>& words,
                            ObjectId object) const {
  const int64_t remainder = accounts.remainder[index(object)], seen = words[index(object)];
  const Row* then = find(heap, object);
  if (then == nullptr) return remainder - seen;
  // What was open then has the words that were there then; all others may explain what is open now, old ones too: the
  // place of an old word may hold a reference again.
  const int64_t open_then = std::max<int64_t>(0, then->remainder);
  return remainder - open_then - std::max<int64_t>(0, seen - std::min<int64_t>(then->words, open_then));
}

}  // namespace reftally
