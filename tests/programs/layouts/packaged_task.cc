// The state of a packaged_task holds what its closure captured; clang and g++ name the closure in ways of their own.
// expect: unreachable-cycle type=Download edge=Download::task weaken=[lambda].self
#include <future>
#include <memory>
#include <string>
#include <vector>

struct Download : std::enable_shared_from_this<Download> {
  std::string url;
  std::vector<char> bytes;
  std::packaged_task<size_t()> task;
  void prepare() {
    task = std::packaged_task<size_t()>([self = shared_from_this()] { return self->bytes.size(); });
  }
};

int main() {
  const auto download = std::make_shared<Download>();
  download->prepare();
  download->task();
}
