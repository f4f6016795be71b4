#include "reports/balance.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/names.h"
#include "reports/own_frames.h"

namespace reftally {
namespace {

constexpr size_t kMostSteps = 12, kMostNodes = 2000;

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
    text += node.steps[i];
  }
  return text.empty() && !node.steps.empty() ? std::string("a place unknown") : text;
}

// `most`: nodes that may still be made; those left most behind come first.
ReportBalanceNode report_node(const BalanceNode& node, size_t& most) {
  ReportBalanceNode result{
      steps_text(node), node.balance, node.own, node.stacks, node.is_balanced(), node.ends_stack, {}, 0, 0};
  for (const BalanceNode& child : node.children) {
    if (most == 0) {
      result.left_out++;
      result.left_out_balance += child.balance;
      continue;
    }
    most--;
    result.children.push_back(report_node(child, most));
  }
  return result;
}

int64_t strong_counts(const Heap& heap, std::span<const ObjectId> objects) {
  int64_t sum = 0;
  for (ObjectId object : objects)
    if (heap.is_counted(object)) sum += heap.strong_count[index(object)];
  return sum;
}

}  // namespace

std::optional<ReportBalance> build_balance(const Heap& heap, const StackBalances& balances,
                                           std::span<const ObjectId> objects,
                                           const std::function<std::vector<ReportFrame>(StackId)>& frames) {
  std::vector<SteppedBalance> stacks;
  for (const StackBalance& row : balances.of(objects))
    stacks.push_back({steps_of(frames(row.stack)), row.balance, row.fingerprint});
  if (stacks.empty()) return std::nullopt;
  size_t most = kMostNodes;
  return ReportBalance{objects.size(), strong_counts(heap, objects),
                       report_node(balance_tree(std::move(stacks)), most)};
}

}  // namespace reftally
