// Arrays of boost::make_shared stand behind their control block, aligned as their elements are: a cycle each.
// expect: unreachable-cycle type=Cell[] edge=Cell::row_
// expect: unreachable-cycle type=Fixed[] edge=Fixed::row_
// expect: unreachable-cycle type=Raw[] edge=Raw::row_
// expect: unreachable-cycle type=Square[] edge=Square::row_
// expect: unreachable-cycle type=Wide[] edge=Wide::row_
// expect: unreachable-cycle type=Pooled[] edge=Pooled::row_
#include <boost/make_shared.hpp>
#include <boost/smart_ptr/allocate_shared_array.hpp>
#include <memory>

struct Cell {
  long number = 0;
  boost::shared_ptr<Cell[]> row_;
};

struct Fixed {
  long number = 0;
  boost::shared_ptr<Fixed[3]> row_;
};

struct Raw {
  boost::shared_ptr<Raw[]> row_;
};

struct Square {
  boost::shared_ptr<Square[][2]> row_;
};

struct alignas(64) Wide {
  boost::shared_ptr<Wide[]> row_;
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
  Pool* pool;
};

struct Pooled {
  boost::shared_ptr<Pooled[]> row_;
};

int main() {
  auto cells = boost::make_shared<Cell[]>(5);
  cells[3].row_ = cells;
  auto fixed = boost::make_shared<Fixed[3]>();
  fixed[1].row_ = fixed;
  auto raw = boost::make_shared_noinit<Raw[]>(4);
  raw[2].row_ = raw;
  auto square = boost::make_shared<Square[][2]>(2);
  square[1][1].row_ = square;
  auto wide = boost::make_shared<Wide[]>(2);
  wide[1].row_ = wide;
  auto pooled = boost::allocate_shared<Pooled[]>(PoolAllocator<Pooled>(&g_pool), 3);
  pooled[2].row_ = pooled;
}
