// expect: unreachable-cycle type=Job edge=Job::done_
#include <future>
#include <memory>

struct Job {
  std::shared_future<std::shared_ptr<Job>> done_;
};

int main() {
  std::promise<std::shared_ptr<Job>> promise;
  auto job = std::make_shared<Job>();
  job->done_ = promise.get_future().share();
  promise.set_value(job);
}
