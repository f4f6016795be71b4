// The references of some objects by the calls that took and gave them back, as a tree: what a call left behind is the
// sum below it, and a part that gave back all it took is one line.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "analyzer/findings/acquires.h"

namespace reftally {

// What calls with one stack took less what they gave back.
struct StackBalance {
  StackId stack{};
  int64_t balance = 0;
  // Sum of balance times a number drawn for the object, modulo 2^64. Of several stacks these add up to 0 when each
  // object got back what was taken of it; a reference lost of one object does not cancel one given too often of another
  // (but for a chance of 2^-64).
  uint64_t fingerprint = 0;
};

// What events tell of some objects, and the references they were born with where counts and events agree.
class StackBalances {
 public:
  StackBalances(const Heap& heap, const EventAudit& audit, std::vector<ObjectId> objects);

  std::vector<StackBalance> of(std::span<const ObjectId> objects) const;  // some of those; by stack

 private:
  struct Row {
    ObjectId object;
    StackId stack;
    int64_t balance;
    bool operator<(const Row& other) const { return object < other.object; }
  };
  std::vector<Row> rows_;  // by object
};

// A stack as the steps from the outermost on: functions, and places in them, or whatever a reader is to tell apart.
struct SteppedBalance {
  std::vector<std::string> steps;
  int64_t balance = 0;
  uint64_t fingerprint = 0;
};

struct BalanceNode {
  std::vector<std::string> steps;  // more than one: from each but the last all stacks go on to the next
  size_t depth = 0;                // of the first step; 0: outermost
  int64_t balance = 0;             // of all stacks through here
  int64_t own = 0;                 // of those that end here
  uint64_t fingerprint = 0;
  uint64_t stacks = 0;
  bool ends_stack = false;
  std::vector<BalanceNode> children;  // those that left most behind first; none when balanced

  bool is_balanced() const { return balance == 0 && fingerprint == 0; }
};

// The top has no steps.
BalanceNode balance_tree(std::vector<SteppedBalance> stacks);

}  // namespace reftally
