// What a thread is doing in the agent, seen by itself and by the handler that stops it.
#pragma once

namespace reftally::runtime {

inline thread_local bool inside_agent [[gnu::tls_model("initial-exec")]] = false;
inline thread_local bool block_in_transit [[gnu::tls_model("initial-exec")]] = false;
inline thread_local bool snapshot_postponed [[gnu::tls_model("initial-exec")]] = false;

// Keeps the agent from recording itself: while a guard of a thread lives, its hooks do no more than they must.
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

// While one lives, a block of this thread is moving and a snapshot would miss it, and with it all that it refers to.
class BlockInTransit {
 public:
  BlockInTransit() noexcept : was_(block_in_transit) { block_in_transit = true; }
  ~BlockInTransit() { block_in_transit = was_; }
  BlockInTransit(const BlockInTransit&) = delete;
  BlockInTransit& operator=(const BlockInTransit&) = delete;

 private:
  bool was_;
};

}  // namespace reftally::runtime
