// expect: unreachable-cycle type=Scene type=Node edge=Scene::nodes_ edge=Node::scene_
// ref() and unref() by hand, in plain pointers: a vote tells which of them pay.
#include <vector>

class Counted {
 public:
  virtual ~Counted() = default;
  void ref() { ++ref_count_; }
  void unref() {
    if (--ref_count_ == 0) delete this;
  }

 private:
  int ref_count_ = 1;
};

struct Scene;
struct Node : Counted {
  Scene* scene_ = nullptr;
  Node* next_seen_ = nullptr;  // only looks on
};
struct Scene : Counted {
  std::vector<Node*> nodes_;
};

std::vector<Scene*> g_scenes;

[[gnu::noinline]] Scene* make_scene(int count) {
  Scene* scene = new Scene;
  for (int i = 0; i < count; ++i) {
    Node* node = new Node;
    if (i > 0) node->next_seen_ = scene->nodes_.back();
    node->scene_ = scene;
    scene->ref();
    scene->nodes_.push_back(node);
  }
  return scene;
}

[[gnu::noinline]] void lose() {
  Scene* scene = make_scene(3);
  scene->unref();  // the nodes still hold it, and it holds the nodes
}

int main() {
  lose();
  for (int i = 1; i < 6; ++i) g_scenes.push_back(make_scene(i));
}
