// Two cycles that share one object are one component.
// expect: unreachable-cycle type=Hub type=Wing edge=Wing::hub_ weaken=Wing::hub_
#include <memory>

struct Hub;
struct Wing {
  std::shared_ptr<Hub> hub_;
};
struct Hub {
  std::shared_ptr<Wing> left_, right_;
};

int main() {
  auto hub = std::make_shared<Hub>();
  hub->left_ = std::make_shared<Wing>();
  hub->right_ = std::make_shared<Wing>();
  hub->left_->hub_ = hub->right_->hub_ = hub;
}
