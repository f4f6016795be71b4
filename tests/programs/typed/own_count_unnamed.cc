// expect: unreachable-cycle type=Node edge=Node::next_
// Nothing in its names says that this is a count, nor does the class derive from anything: the votes do.
struct Node;
class Handle {
 public:
  Handle() = default;
  explicit Handle(Node* node);
  Handle(const Handle& other) : Handle(other.node_) {}
  Handle& operator=(const Handle& other);
  ~Handle();
  Node* operator->() const { return node_; }

 private:
  Node* node_ = nullptr;
};

struct Node {
  long weight = 7;
  unsigned alive = 0;
  Handle next_, other_;
};

Handle::Handle(Node* node) : node_(node) {
  if (node_) ++node_->alive;
}
Handle::~Handle() {
  if (node_ && --node_->alive == 0) delete node_;
}
Handle& Handle::operator=(const Handle& other) {
  Handle copy(other);
  Node* mine = node_;
  node_ = copy.node_;
  copy.node_ = mine;
  return *this;
}

Handle g_kept;

int main() {
  Handle a(new Node), b(new Node), c(new Node), d(new Node), e(new Node);
  a->next_ = b;
  b->next_ = c;
  c->next_ = a;
  a->other_ = c;
  d->next_ = e;
  d->other_ = e;
  g_kept = d;
}
