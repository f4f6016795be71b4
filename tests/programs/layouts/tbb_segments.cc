// expect: unreachable-cycle type=InVector instances=1
// expect: unreachable-cycle type=InCacheLines instances=1
// A concurrent_vector of oneTBB, as far as its members go. The words of its table lead to where no segment is: element
// i is at table[log2(i | 1)] + i. What a static one holds is alive.
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>

namespace tbb::detail::d1 {

template <class T, class Allocate, class Derived, std::size_t kEmbedded>
class segment_table {
 public:
  std::size_t push(T value) {
    const std::size_t i = my_size++, segment = std::bit_width(i | 1) - 1;
    if (segment >= kEmbedded && my_segment_table.load() == my_embedded_table) lengthen();
    std::atomic<T*>& word = my_segment_table.load()[segment];
    const std::size_t first = segment == 0 ? 0 : std::size_t{1} << segment;
    if (!word)
      word = reinterpret_cast<T*>(reinterpret_cast<std::uintptr_t>(Allocate()(sizeof(T) * (first ? first : 2))) -
                                  first * sizeof(T));
    new (reinterpret_cast<T*>(reinterpret_cast<std::uintptr_t>(word.load()) + i * sizeof(T))) T(std::move(value));
    return i;
  }

 private:
  void lengthen() {
    auto* const longer = new std::atomic<T*>[64]();
    for (std::size_t i = 0; i < kEmbedded; ++i) longer[i] = my_embedded_table[i].load();
    my_segment_table = longer;
  }

  std::atomic<std::atomic<T*>*> my_segment_table = my_embedded_table;
  std::atomic<T*> my_embedded_table[kEmbedded] = {};
  std::atomic<std::size_t> my_first_block = 1, my_size = 0;
};

template <class T, class Allocate>
class concurrent_vector : private segment_table<T, Allocate, concurrent_vector<T, Allocate>, 3> {
 public:
  using segment_table<T, Allocate, concurrent_vector, 3>::push;
};

}  // namespace tbb::detail::d1

struct Plainly {
  void* operator()(std::size_t bytes) const { return std::malloc(bytes); }
};
struct InCacheLine {
  void* operator()(std::size_t bytes) const {
    const auto block = reinterpret_cast<std::uintptr_t>(std::malloc(bytes + 64));
    const std::uintptr_t begin = (block + 64) & ~std::uintptr_t{63};
    reinterpret_cast<std::uintptr_t*>(begin)[-1] = block;
    return reinterpret_cast<void*>(begin);
  }
};
template <class T, class Allocate>
using Vector = tbb::detail::d1::concurrent_vector<T, Allocate>;

struct Item {
  std::string name = "so long a name that it has a block of its own";
};
Vector<std::shared_ptr<Item>, Plainly> plain;
Vector<std::shared_ptr<Item>, InCacheLine> in_cache_lines;
Vector<std::unique_ptr<Item>, InCacheLine> owned;
Vector<std::string, Plainly> names;

struct InVector {
  Vector<std::shared_ptr<InVector>, Plainly> back;
};
struct InCacheLines {
  Vector<std::shared_ptr<InCacheLines>, InCacheLine> back;
};

template <class T>
[[gnu::noinline]] void leak() {
  const auto object = std::make_shared<T>();
  for (int i = 0; i < 20; ++i) object->back.push(nullptr);
  object->back.push(object);
}

int main() {
  for (int i = 0; i < 50; ++i) {
    plain.push(std::make_shared<Item>());
    in_cache_lines.push(std::make_shared<Item>());
    owned.push(std::make_unique<Item>());
    names.push("a name that is longer than what fits in a string");
  }
  leak<InVector>();
  leak<InCacheLines>();
}
