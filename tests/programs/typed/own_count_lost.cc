// expect: leaked-reference type=Job
#include <utility>
#include <vector>

struct Job {
  unsigned long use_count = 0;
  virtual ~Job() = default;
};
struct Held {
  Job* job = nullptr;
  explicit Held(Job* j) : job(j) { ++j->use_count; }
  Held(const Held& other) : job(other.job) { ++job->use_count; }
  Held& operator=(const Held&) = delete;
  ~Held() {
    if (--job->use_count == 0) delete job;
  }
};

std::vector<Held> g_jobs;

[[gnu::noinline]] void lose() {
  Held lost(new Job);
  ++lost.job->use_count;
  asm volatile("" : : "r"(lost.job) : "memory");  // else clang sees that nobody needs the job, and makes none
}

int main() {
  lose();  // first, so that no word of it is left on the stack
  for (int i = 0; i < 3; ++i) g_jobs.emplace_back(new Job);
}
