// expect: unreachable-cycle type=Self edge=Self::me_ weaken=Self::me_
#include <memory>

struct Self : std::enable_shared_from_this<Self> {
  std::shared_ptr<Self> me_;
  void keep() { me_ = shared_from_this(); }
};

int main() { std::make_shared<Self>()->keep(); }
