// What a deleter of boost::shared_ptr captured stands in the control block, behind the pointer.
// expect: unreachable-cycle type=Pool type=Buffer weaken=[lambda].pool
#include <boost/enable_shared_from_this.hpp>
#include <boost/make_shared.hpp>
#include <boost/shared_ptr.hpp>
#include <vector>

struct Buffer {
  long bytes[8] = {};
};

struct Pool : boost::enable_shared_from_this<Pool> {
  std::vector<boost::shared_ptr<Buffer>> cached;
  boost::shared_ptr<Buffer> get() {
    return boost::shared_ptr<Buffer>(new Buffer, [pool = shared_from_this()](Buffer* buffer) { delete buffer; });
  }
};

int main() {
  const auto pool = boost::make_shared<Pool>();
  pool->cached.push_back(pool->get());
}
