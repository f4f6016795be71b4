// make_shared<T[]>: the control block stands behind the elements, at the end of its block.
// expect: unreachable-cycle type=Cell[] edge=Cell::row_
#include <memory>

struct Cell {
  std::shared_ptr<Cell[]> row_;
};

int main() {
  auto row = std::make_shared<Cell[]>(5);
  row[3].row_ = row;
}
