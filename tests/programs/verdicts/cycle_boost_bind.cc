// A bound call that a class of the program's own keeps as it is, as handlers of asio do that boost::bind has made.
// expect: unreachable-cycle type=Reader edge=Reader::pending_ weaken=Operation::handler_.bind
#include <boost/bind/bind.hpp>
#include <memory>

struct Operation;

struct Reader : std::enable_shared_from_this<Reader> {
  void begin();
  void end() {}
  std::unique_ptr<Operation> pending_;
};

struct Operation {
  decltype(boost::bind(&Reader::end, std::shared_ptr<Reader>())) handler_;
};

void Reader::begin() {
  pending_ = std::make_unique<Operation>(Operation{boost::bind(&Reader::end, shared_from_this())});
}

int main() { std::make_shared<Reader>()->begin(); }
