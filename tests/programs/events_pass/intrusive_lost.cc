// intrusive_ptr_add_ref() called by hand, and no release for it. Counts begin at 0; which of the two
// calls it was, the one of JobPtr or that of submit(), events without holders do not tell.
// expect: leaked-reference type=Job
#include <vector>

struct Job {
  int references = 0;
};

inline void intrusive_ptr_add_ref(Job* job) { job->references++; }
inline void intrusive_ptr_release(Job* job) {
  if (--job->references == 0) delete job;
}

class JobPtr {
 public:
  explicit JobPtr(Job* job) : job_(job) { intrusive_ptr_add_ref(job_); }
  JobPtr(const JobPtr& other) : job_(other.job_) { intrusive_ptr_add_ref(job_); }
  JobPtr& operator=(const JobPtr&) = delete;
  ~JobPtr() { intrusive_ptr_release(job_); }
  Job* get() const { return job_; }

 private:
  Job* job_;
};

static std::vector<JobPtr> waiting;

__attribute__((noinline)) static void submit(const JobPtr& job) {
  Job* raw = job.get();
  intrusive_ptr_add_ref(raw);
}

int main() {
  for (int i = 0; i < 5; i++) {
    const JobPtr job(new Job);
    if (i < 3) waiting.push_back(job);
    if (i == 4) submit(job);
  }
}
