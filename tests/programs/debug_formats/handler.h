#pragma once

#include <memory>

struct Handler {
  int weight_ = 0;
  std::shared_ptr<void> target_;
};
void use(const Handler& handler);  // in another translation unit
