// Smart pointers of the program's own that keep the count in a block of its own: an integer, or a class with one.
// expect: unreachable-cycle type=Node edge=Node::kids edge=Node::parent instances=4 weaken=Node::parent
// expect: unreachable-cycle type=Job edge=Job::next instances=3
#include <atomic>
#include <utility>
#include <vector>

template <class T>
class Shared {
 public:
  Shared() = default;
  explicit Shared(T* value) : value_(value), count_(new int(1)) {}
  Shared(const Shared& other) : value_(other.value_), count_(other.count_) {
    if (count_) ++*count_;
  }
  Shared& operator=(Shared other) {
    std::swap(value_, other.value_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~Shared() {
    if (!count_ || --*count_ > 0) return;
    delete value_;
    delete count_;
  }
  T* operator->() const { return value_; }

 private:
  T* value_ = nullptr;
  int* count_ = nullptr;
};

template <class T>
class Handle {
  struct Block {
    std::atomic<int> references = 1;
  };

 public:
  Handle() = default;
  explicit Handle(T* value) : block_(new Block), value_(value) {}
  Handle(const Handle& other) : block_(other.block_), value_(other.value_) {
    if (block_) ++block_->references;
  }
  Handle& operator=(Handle other) {
    std::swap(value_, other.value_);
    std::swap(block_, other.block_);
    return *this;
  }
  ~Handle() {
    if (!block_ || --block_->references > 0) return;
    delete value_;
    delete block_;
  }
  T* operator->() const { return value_; }

 private:
  Block* block_ = nullptr;
  T* value_ = nullptr;
};

struct Job {
  Handle<Job> next;
};
std::vector<Handle<Job>> g_jobs;

struct Node {
  std::vector<Shared<Node>> kids;
  Shared<Node> parent;
};

std::vector<Shared<Node>> g_trees;

Shared<Node> make_tree() {
  Shared<Node> root(new Node);
  for (int i = 0; i < 3; ++i) root->kids.push_back(Shared<Node>(new Node));
  return root;
}

int main() {
  for (int i = 0; i < 3; ++i) {
    Handle<Job> first(new Job), second(new Job);
    first->next = second;
    second->next = first;
    g_jobs.push_back(Handle<Job>(new Job));
    g_jobs.back()->next = g_jobs.front();
  }
  for (int i = 0; i < 5; ++i) {
    g_trees.push_back(make_tree());
    g_trees.back()->kids.push_back(g_trees.front()->kids.front());
  }
  for (int i = 0; i < 4; ++i) {
    Shared<Node> root = make_tree();
    for (Shared<Node>& kid : root->kids) kid->parent = root;
  }
}
