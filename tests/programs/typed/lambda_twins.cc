// Templates of two lambdas of one function have one name in g++'s debug information: what the one captures must not be
// read as what the other does, weak as strong or the other way round. All is in use but what holds itself.
// expect: unreachable-cycle type=Job weaken=[lambda].self instances=2
// expect: unreachable-cycle type=Job weaken=[lambda].self instances=1
// expect: unreachable-cycle type=Plan edge=Plan::held_ instances=3
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

struct Task {
  virtual ~Task() = default;
  virtual void run() = 0;
};

template <class F>
struct Made final : Task {
  F f;
  explicit Made(F g) : f(std::move(g)) {}
  void run() override { f(); }
};

template <class F>
std::unique_ptr<Task> make_task(F f) {
  return std::make_unique<Made<F>>(std::move(f));
}

struct Job {
  int id = 1;
  std::unique_ptr<Task> task;
};

std::vector<std::shared_ptr<Job>> g_jobs;
std::vector<std::unique_ptr<Task>> g_tasks;

std::unique_ptr<Task> strong_first(const std::shared_ptr<Job>& job, bool strong) {
  if (strong) return make_task([self = job] { std::printf("%d", self->id); });
  return make_task([watched = std::weak_ptr<Job>(job)] { std::printf("%d", watched.expired()); });
}

std::unique_ptr<Task> weak_first(const std::shared_ptr<Job>& job, bool strong) {
  if (!strong) return make_task([watched = std::weak_ptr<Job>(job)] { std::printf("%d", watched.expired()); });
  return make_task([self = job] { std::printf("%d", self->id); });
}

// The same without a vtable: only the control block knows.
struct Plan;

template <class F>
struct Held {
  F f;
};

struct Plan {
  int id = 1;
  std::shared_ptr<void> held_;
};

std::vector<std::shared_ptr<Plan>> g_plans;

template <class F>
std::shared_ptr<void> hold(F f) {
  return std::make_shared<Held<F>>(Held<F>{std::move(f)});
}

std::shared_ptr<void> held(const std::shared_ptr<Plan>& plan, bool strong) {
  if (!strong) return hold([watched = std::weak_ptr<Plan>(plan)] { return watched.expired(); });
  return hold([self = plan] { return self->id; });
}

void keep() {
  for (bool strong : {false, true}) {
    for (auto* make : {strong_first, weak_first}) {
      g_jobs.push_back(std::make_shared<Job>());
      g_tasks.push_back(make(g_jobs.back(), strong));
      g_tasks.push_back(make(std::make_shared<Job>(), strong));
    }
    g_plans.push_back(std::make_shared<Plan>());
    if (!strong) g_plans.back()->held_ = held(g_plans.back(), strong);
  }
}

void leak() {
  for (auto* make : {strong_first, weak_first, strong_first}) {
    auto job = std::make_shared<Job>();
    job->task = make(job, true);
    auto plan = std::make_shared<Plan>();
    plan->held_ = held(plan, true);
  }
}

int main() {
  keep();
  leak();
  for (const auto& task : g_tasks) task->run();
}
