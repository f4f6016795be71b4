#include "analyzer/cli/balance_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/findings/balance_tree.h"
#include "reports/escape.h"
#include "reports/names.h"
#include "reports/own_frames.h"

namespace reftally {
namespace {

constexpr size_t kMostChildren = 8, kMostSteps = 12, kDeepest = 24;

// Functions and places take turns, so that what two lines of one function do adds up in the function.
std::vector<std::string> steps_of(std::vector<ReportFrame> frames) {
  frames = own_frames(std::move(frames));
  std::vector<std::string> steps;
  for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame) {
    if (is_library_frame(*frame) && frames.size() > 1) continue;
    const std::string function = short_function(frame->function), place = place_text(*frame);
    steps.push_back(function);
    steps.push_back(function.starts_with(place) ? std::string() : place);
  }
  return steps;
}

std::string steps_text(const BalanceNode& node) {
  std::string text;
  for (size_t i = 0; i < node.steps.size(); i++) {
    const size_t left_out = node.steps.size() - std::min(node.steps.size(), kMostSteps);
    if (left_out != 0 && i == kMostSteps / 2) {
      const size_t even = left_out + left_out % 2;
      text += fmt::format(" > … {} …", plural(even / 2, "call"));
      i += even;
    }
    const bool is_call = (node.depth + i) % 2 == 0;
    if (!text.empty() && !node.steps[i].empty()) text += is_call ? " > " : " ";
    text += printable(node.steps[i]);
  }
  return text.empty() ? std::string("a place unknown") : text;
}

void print_node(const BalanceNode& node, size_t level) {
  const std::string indent(2 * std::min(level, kDeepest), ' ');
  if (node.is_balanced()) {
    fmt::print("  {:>8}  {}{} … {}, balanced\n", 0, indent, steps_text(node), plural(node.stacks, "call path"));
    return;
  }
  if (!node.steps.empty()) fmt::print("  {:>8}  {}{}\n", node.balance, indent, steps_text(node));
  const size_t below = node.steps.empty() ? level : level + 1;
  if (node.ends_stack && !node.children.empty())
    fmt::print("  {:>8}  {}itself\n", node.own, std::string(2 * std::min(below, kDeepest), ' '));
  const size_t shown = std::min(node.children.size(), kMostChildren);
  for (size_t i = 0; i < shown; i++) print_node(node.children[i], below);
  if (shown == node.children.size()) return;
  int64_t rest = 0;
  for (size_t i = shown; i < node.children.size(); i++) rest += node.children[i].balance;
  fmt::print("  {:>8}  {}and {} more\n", rest, std::string(2 * std::min(below, kDeepest), ' '),
             node.children.size() - shown);
}

int64_t strong_counts(const Heap& heap, std::span<const ObjectId> objects) {
  int64_t sum = 0;
  for (ObjectId object : objects)
    if (heap.is_counted(object)) sum += heap.strong_count[index(object)];
  return sum;
}

}  // namespace

void print_balance(const Heap& heap, std::span<const ObjectId> objects,
                   const std::function<std::vector<ReportFrame>(StackId)>& frames) {
  const EventAudit audit(heap);
  std::vector<SteppedBalance> stacks;
  for (const StackBalance& row : stack_balances(heap, audit, objects))
    stacks.push_back({steps_of(frames(row.stack)), row.balance, row.fingerprint});
  if (stacks.empty()) return;
  const BalanceNode top = balance_tree(std::move(stacks));
  fmt::print(
      "references to {} by call path, taken less given back (what a holder took and gave back was cancelled\n"
      "in the run; an object's first reference counts as taken where it was born)\n",
      objects.size() == 1 ? std::string("it") : plural(objects.size(), "object"));
  if (top.is_balanced())
    fmt::print("  {:>8}  {}, balanced\n", 0, plural(top.stacks, "call path"));
  else
    print_node(top, 0);
  if (const int64_t counted = strong_counts(heap, objects); counted != top.balance)
    fmt::print("  strong counts add up to {}, events to {}: some code counts without telling\n", counted, top.balance);
  fmt::print("\n");
}

}  // namespace reftally
