// A deferred future that nobody waits for keeps its closure, and the closure keeps who keeps the future.
// expect: unreachable-cycle type=Job edge=Job::result_
#include <future>
#include <memory>

struct Job {
  std::future<int> result_;
  int input_ = 6;
};

int main() {
  auto job = std::make_shared<Job>();
  job->result_ = std::async(std::launch::deferred, [job] { return job->input_ * 7; });
}
