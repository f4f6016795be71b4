#include "analyzer/lint/workers.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <exception>

#include "analyzer/base/error.h"

namespace reftally::lint {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kNoTask = 0xffffffff;

struct Reply {  // fits a pipe's atomic write
  uint32_t task = kNoTask;
  bool failed = false;
  bool leaves = false;  // the worker exits after this reply
  char message[500] = {};
};

struct Worker {
  pid_t pid = -1;
  int tasks = -1, replies = -1;  // pipes, our ends
  uint32_t task = kNoTask;
  Clock::time_point started;
};

uint64_t resident_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

[[noreturn]] void worker_main(int tasks, int replies, const WorkerLimits& limits,
                              const std::function<void(size_t)>& work) {
  const rlimit space{limits.memory_mb << 20, limits.memory_mb << 20};
  setrlimit(RLIMIT_AS, &space);
  uint32_t task = 0;
  while (read(tasks, &task, sizeof task) == sizeof task) {
    Reply reply;
    reply.task = task;
    try {
      work(task);
    } catch (const std::exception& error) {
      reply.failed = true;
      strncpy(reply.message, error.what(), sizeof reply.message - 1);
    }
    reply.leaves = resident_mb() > limits.recycle_mb;
    if (write(replies, &reply, sizeof reply) != sizeof reply || reply.leaves) break;
  }
  _exit(0);
}

class Pool {
 public:
  Pool(size_t count, const WorkerLimits& limits, const std::function<void(size_t)>& work)
      : limits_(limits), work_(work), results_(count) {}
  std::vector<TaskResult> run();

 private:
  void start(Worker& worker);
  void give(Worker& worker);
  void receive(Worker& worker);
  void finish(Worker& worker, TaskState state, std::string message);
  void bury(Worker& worker, TaskState state);
  void stop_late_ones();

  const WorkerLimits& limits_;
  const std::function<void(size_t)>& work_;
  std::vector<TaskResult> results_;
  std::vector<Worker> workers_;
  size_t next_ = 0, finished_ = 0;
};

void Pool::start(Worker& worker) {
  int tasks[2], replies[2];
  if (pipe(tasks) != 0 || pipe(replies) != 0) throw Error(std::string("a pipe to a worker: ") + strerror(errno));
  const pid_t pid = fork();
  if (pid < 0) throw Error(std::string("a worker process: ") + strerror(errno));
  if (pid == 0) {
    close(tasks[1]), close(replies[0]);
    for (const Worker& other : workers_)  // else a dead parent's pipes would stay open in its children
      if (other.pid > 0) close(other.tasks), close(other.replies);
    worker_main(tasks[0], replies[1], limits_, work_);
  }
  close(tasks[0]), close(replies[1]);
  worker = {pid, tasks[1], replies[0], kNoTask, {}};
}

void Pool::give(Worker& worker) {
  if (next_ == results_.size()) return;
  if (worker.pid < 0) start(worker);
  worker.task = static_cast<uint32_t>(next_++);
  worker.started = Clock::now();
  // A worker that has just died is noticed by its closed reply pipe.
  if (write(worker.tasks, &worker.task, sizeof worker.task) < 0) return;
}

void Pool::finish(Worker& worker, TaskState state, std::string message) {
  if (worker.task == kNoTask) return;
  results_[worker.task] = {state, std::move(message)};
  worker.task = kNoTask;
  ++finished_;
}

void Pool::bury(Worker& worker, TaskState state) {
  int status = 0;
  close(worker.tasks), close(worker.replies);
  waitpid(worker.pid, &status, 0);
  worker.pid = -1;
  std::string how = "exited with status " + std::to_string(WEXITSTATUS(status));
  if (WIFSIGNALED(status))
    how = "killed by signal " + std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) + ")";
  if (state == TaskState::kTimedOut) how = "took longer than " + std::to_string(limits_.timeout_seconds) + " s";
  finish(worker, state, how);
}

void Pool::receive(Worker& worker) {
  Reply reply;
  if (read(worker.replies, &reply, sizeof reply) != sizeof reply) return bury(worker, TaskState::kCrashed);
  finish(worker, reply.failed ? TaskState::kFailed : TaskState::kDone, reply.message);
  if (reply.leaves) bury(worker, TaskState::kDone);
}

void Pool::stop_late_ones() {
  for (Worker& worker : workers_) {
    if (worker.task == kNoTask || Clock::now() - worker.started < std::chrono::seconds(limits_.timeout_seconds))
      continue;
    kill(worker.pid, SIGKILL);
    bury(worker, TaskState::kTimedOut);
  }
}

std::vector<TaskResult> Pool::run() {
  workers_.resize(std::max<size_t>(1, std::min<size_t>(limits_.jobs, results_.size())));
  while (finished_ < results_.size()) {
    std::vector<pollfd> waiting;
    for (Worker& worker : workers_)
      if (worker.task == kNoTask) give(worker);
    for (Worker& worker : workers_) waiting.push_back({worker.task == kNoTask ? -1 : worker.replies, POLLIN, 0});
    poll(waiting.data(), waiting.size(), 1000);
    for (size_t i = 0; i < waiting.size(); ++i)
      if (waiting[i].fd >= 0 && waiting[i].revents) receive(workers_[i]);
    stop_late_ones();
  }
  for (Worker& worker : workers_)
    if (worker.pid > 0) bury(worker, TaskState::kDone);
  return std::move(results_);
}

}  // namespace

std::vector<TaskResult> run_in_workers(size_t count, const WorkerLimits& limits,
                                       const std::function<void(size_t)>& work) {
  if (count == 0) return {};
  struct sigaction ignore{}, before{};
  ignore.sa_handler = SIG_IGN;  // writing to a worker that died is no reason to die too
  sigaction(SIGPIPE, &ignore, &before);
  std::vector<TaskResult> results = Pool(count, limits, work).run();
  sigaction(SIGPIPE, &before, nullptr);
  return results;
}

}  // namespace reftally::lint
