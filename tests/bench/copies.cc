// Does little but copy, assign, move and drop shared_ptrs: by value through a few calls, and into a table of 1,024.
// 251 nodes: with a number that divides 1,024 each place of the table would be given what it holds.
// usage: copies ROUNDS [threads]
#include <cstdlib>
#include <iostream>
#include <memory>
#include <thread>
#include <vector>

namespace {

struct Node {
  unsigned value = 0;
};
using Pointer = std::shared_ptr<Node>;

[[gnu::noinline]] unsigned read(Pointer node) { return node->value++; }
[[gnu::noinline]] unsigned pass(Pointer node, unsigned depth) {
  return depth == 0 ? read(node) : pass(std::move(node), depth - 1) + depth;
}
[[gnu::noinline]] unsigned keep(std::vector<Pointer>& table, const Pointer& node, unsigned at) {
  table[at % table.size()] = node;
  return pass(node, at % 4);
}

unsigned work(unsigned rounds) {
  std::vector<Pointer> nodes, table(1024);
  for (unsigned i = 0; i < 251; i++) nodes.push_back(std::make_shared<Node>());
  unsigned sum = 0;
  for (unsigned i = 0; i < rounds; i++) sum += keep(table, nodes[i * 7 % nodes.size()], i * 13);
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  const auto rounds = static_cast<unsigned>(argc > 1 ? std::atoi(argv[1]) : 1'000'000);
  unsigned other = 0;
  if (argc > 2) {
    std::thread second([&] { other = work(rounds); });
    const unsigned mine = work(rounds);
    second.join();
    other += mine;
  } else {
    other = work(rounds);
  }
  std::cout << other << "\n";
}
