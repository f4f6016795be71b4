#include "analyzer/cli/balance_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/escape.h"
#include "reports/names.h"

namespace reftally {
namespace {

constexpr size_t kMostChildren = 8, kDeepest = 24;

std::string indent(size_t level) { return std::string(2 * std::min(level, kDeepest), ' '); }

void print_rest(const ReportBalanceNode& node, size_t shown, size_t level) {
  uint64_t more = node.left_out;
  int64_t balance = node.left_out_balance;
  for (size_t i = shown; i < node.children.size(); i++, more++) balance += node.children[i].balance;
  if (more != 0) fmt::print("  {:>8}  {}and {} more\n", balance, indent(level), more);
}

void print_node(const ReportBalanceNode& node, size_t level) {
  if (node.is_balanced) {
    fmt::print("  {:>8}  {}{} … {}, balanced\n", 0, indent(level), printable(node.calls),
               plural(node.stacks, "call path"));
    return;
  }
  if (!node.calls.empty()) fmt::print("  {:>8}  {}{}\n", node.balance, indent(level), printable(node.calls));
  const size_t below = node.calls.empty() ? level : level + 1;
  if (node.ends_stack && !node.children.empty()) fmt::print("  {:>8}  {}itself\n", node.own, indent(below));
  const size_t shown = std::min(node.children.size(), kMostChildren);
  for (size_t i = 0; i < shown; i++) print_node(node.children[i], below);
  print_rest(node, shown, below);
}

}  // namespace

void print_balance(const ReportBalance& balance) {
  fmt::print(
      "references to {} by call path, taken less given back (what a holder took and gave back was cancelled\n"
      "in the run; an object's first reference counts as taken where it was born)\n",
      balance.objects == 1 ? std::string("it") : plural(balance.objects, "object"));
  if (balance.top.is_balanced)
    fmt::print("  {:>8}  {}, balanced\n", 0, plural(balance.top.stacks, "call path"));
  else
    print_node(balance.top, 0);
  if (balance.strong_counts != balance.top.balance)
    fmt::print("  strong counts add up to {}, events to {}: some code counts without telling\n", balance.strong_counts,
               balance.top.balance);
  fmt::print("\n");
}

}  // namespace reftally
