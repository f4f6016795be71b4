// reftally.h: what a program says about itself is in the dump, and costs nothing without the agent.
// dumps: 2
#include <reftally.hpp>

#include <cstdio>
#include <memory>

int main() {
  auto object = std::make_shared<int>(7);
  static void* region[16] = {object.get()};
  reftally::add_root_region(region, region + 16, "a region of the program");
  reftally::expect_released(object, "the session is closed");
  reftally::dump();
  std::printf("%d\n", *object);
}
