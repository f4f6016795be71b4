// Keeps the agent from recording itself: while a guard of a thread lives, the hooks only forward.
#pragma once

namespace reftally::runtime {

inline thread_local bool inside_agent [[gnu::tls_model("initial-exec")]] = false;

class ReentryGuard {
 public:
  ReentryGuard() noexcept : was_inside_(inside_agent) { inside_agent = true; }
  ~ReentryGuard() { inside_agent = was_inside_; }
  ReentryGuard(const ReentryGuard&) = delete;
  ReentryGuard& operator=(const ReentryGuard&) = delete;

  bool entered() const noexcept { return !was_inside_; }  // false: this thread is already in the agent

 private:
  bool was_inside_;
};

}  // namespace reftally::runtime
