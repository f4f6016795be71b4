// A ring of fifty, each with a weak reference back: as many weak words as strong ones.
// expect: unreachable-cycle type=Bead edge=Bead::next_
#include <memory>
#include <vector>

struct Bead {
  std::shared_ptr<Bead> next_;
  std::weak_ptr<Bead> previous_;
};

int main() {
  std::vector<std::shared_ptr<Bead>> beads(50);
  for (auto& bead : beads) bead = std::make_shared<Bead>();
  for (size_t i = 0; i < beads.size(); ++i) {
    beads[i]->next_ = beads[(i + 1) % beads.size()];
    beads[(i + 1) % beads.size()]->previous_ = beads[i];
  }
}
