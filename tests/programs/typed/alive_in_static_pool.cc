// What lies in blocks of a memory resource is alive by those who own it, and its blocks by the resource.
// expect: none
#include <memory>
#include <memory_resource>
#include <string>
#include <vector>

struct Graph;

struct Vertex {
  explicit Vertex(std::pmr::memory_resource* resource) : name(resource), weights(resource) {}
  std::pmr::string name;
  std::pmr::vector<int> weights;
  std::shared_ptr<Graph> graph;
};

struct Graph {
  explicit Graph(std::pmr::memory_resource* resource) : vertices(resource) {}
  std::pmr::vector<std::shared_ptr<Vertex>> vertices;
};

static std::pmr::unsynchronized_pool_resource g_pool;
static std::vector<std::shared_ptr<Graph>> g_kept;

[[gnu::noinline]] static std::shared_ptr<Graph> make(bool is_cycle) {
  auto graph = std::allocate_shared<Graph>(std::pmr::polymorphic_allocator<Graph>(&g_pool), &g_pool);
  for (int i = 0; i < 12; ++i) {
    auto vertex = std::allocate_shared<Vertex>(std::pmr::polymorphic_allocator<Vertex>(&g_pool), &g_pool);
    vertex->name = "a name too long for the string itself";
    vertex->weights.assign(static_cast<size_t>(i), 1);
    if (is_cycle) vertex->graph = graph;
    graph->vertices.push_back(vertex);
  }
  return graph;
}

[[gnu::noinline]] static void clear_stack() {
  volatile char space[4096] = {};
  space[0] = 1;
}

int main() {
  g_kept.push_back(make(true));
  g_kept.push_back(make(false));
  clear_stack();
}
