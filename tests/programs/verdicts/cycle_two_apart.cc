// Two cycles of equal shape are one finding with two instances; a third shape is a finding of its own.
// expect: unreachable-cycle type=Node edge=Node::next_ instances=2
// expect: unreachable-cycle type=Loner edge=Loner::me_ instances=1
#include <memory>

struct Node {
  std::shared_ptr<Node> next_;
};
struct Loner {
  std::shared_ptr<Loner> me_;
};

void make_pair() {
  auto first = std::make_shared<Node>(), second = std::make_shared<Node>();
  first->next_ = second;
  second->next_ = first;
}

int main() {
  make_pair();
  make_pair();
  auto loner = std::make_shared<Loner>();
  loner->me_ = loner;
}
