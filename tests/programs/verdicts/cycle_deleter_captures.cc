// The deleter of a handle captures the pool that keeps the handle.
// expect: unreachable-cycle type=Pool edge=Pool::spare_
#include <memory>
#include <vector>

struct Buffer {
  int bytes_ = 0;
};
struct Pool {
  std::vector<std::shared_ptr<Buffer>> spare_;
};

int main() {
  auto pool = std::make_shared<Pool>();
  pool->spare_.push_back(std::shared_ptr<Buffer>(new Buffer, [pool](Buffer* buffer) { delete buffer; }));
}
