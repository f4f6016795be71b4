// What allocate_shared makes stands behind an allocator that has members. Arrays of make_shared stand before their
// control block (libstdc++) or behind it (libc++).
// expect: unreachable-cycle type=Cell[] edge=Cell::row_
// expect: unreachable-cycle type=Fixed[] edge=Fixed::row_
// expect: unreachable-cycle type=Wide[] edge=Wide::row_
// expect: unreachable-cycle type=Pooled[] edge=Pooled::row_
// expect: unreachable-cycle type=One edge=One::next_
#include <memory>

struct Cell {
  long number = 0;
  std::shared_ptr<Cell[]> row_;
};

struct Fixed {
  std::shared_ptr<Fixed[3]> row_;
};

struct alignas(64) Wide {
  std::shared_ptr<Wide[]> row_;
};

struct Pool {};
static Pool g_pool;

template <class T>
struct PoolAllocator {
  using value_type = T;
  explicit PoolAllocator(Pool* of) : pool(of) {}
  template <class U>
  PoolAllocator(const PoolAllocator<U>& other) : pool(other.pool) {}
  T* allocate(size_t count) { return std::allocator<T>().allocate(count); }
  void deallocate(T* at, size_t count) { std::allocator<T>().deallocate(at, count); }
  bool operator==(const PoolAllocator&) const = default;
  Pool* pool;
};

struct Pooled {
  std::shared_ptr<Pooled[]> row_;
};

struct One {
  int number = 0;
  std::shared_ptr<One> next_;
};

int main() {
  auto cells = std::make_shared<Cell[]>(5);
  cells[3].row_ = cells;
  auto fixed = std::make_shared<Fixed[3]>();
  fixed[1].row_ = fixed;
  auto wide = std::make_shared<Wide[]>(2);
  wide[1].row_ = wide;
  auto pooled = std::allocate_shared<Pooled[]>(PoolAllocator<Pooled>(&g_pool), 3);
  pooled[2].row_ = pooled;
  auto one = std::allocate_shared<One>(PoolAllocator<One>(&g_pool));
  one->next_ = one;
}
