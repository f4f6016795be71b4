// expect: none
// A shared_ptr whose value is in no block: what the value holds is held by the memory it is in, not by the control
// block, and that the way leads back to the control block is no cycle.
#include <memory>
#include <new>

struct Node;

struct Service {
  std::shared_ptr<Node> node;
};

struct Node {
  std::shared_ptr<Service> service;
};

alignas(Service) char memory[sizeof(Service)];

int main() {
  auto* const service = new (memory) Service;
  const std::shared_ptr<Service> owner(service, [](Service*) {});
  service->node = std::make_shared<Node>();
  service->node->service = owner;
}
