// expect: unreachable-cycle type=Node edge=Node::parent.node edge=Node::values.node
// expect: unreachable-cycle type=Left type=Right edge=Left::right edge=Right::left
// expect: unreachable-cycle type=Named edge=Named::content.next
// expect: unreachable-cycle type=Bytes edge=Bytes::storage
// expect: unreachable-cycle type=Unclear edge=Unclear::either
// What stands in a union or in bytes is told by counts; the member is named where the words speak for one alone.
#include <memory>
#include <string>
#include <vector>

struct Node;

struct Value {
  enum class Kind { kNothing, kNode, kText } kind = Kind::kNothing;
  union {
    long number = 0;
    std::shared_ptr<Node> node;
    std::string text;
  };
  Value() {}
  Value(const Value& other) : kind(other.kind) {
    if (kind == Kind::kNode)
      new (&node) std::shared_ptr<Node>(other.node);
    else if (kind == Kind::kText)
      new (&text) std::string(other.text);
  }
  explicit Value(std::shared_ptr<Node> of) : kind(Kind::kNode), node(std::move(of)) {}
  explicit Value(std::string of) : kind(Kind::kText), text(std::move(of)) {}
  ~Value() {
    if (kind == Kind::kNode) node.~shared_ptr();
    if (kind == Kind::kText) text.~basic_string();
  }
};

struct Node {
  std::vector<Value> values;
  Value parent;
};

struct Right;
struct Left {
  bool has_left = false;
  union {
    std::shared_ptr<Left> left;
    std::shared_ptr<Right> right;
  };
  Left() {}
  ~Left() {}
};
struct Right {
  std::shared_ptr<Left> left;
};

struct Named {
  union Content {
    long number = 0;
    std::shared_ptr<Named> next;
    Content() {}
    ~Content() {}
  };
  Content content;
};

struct Bytes {
  alignas(8) unsigned char storage[16];
};

struct Unclear {
  union Either {
    long number = 0;
    std::weak_ptr<Unclear> observed;
    std::shared_ptr<Unclear> owned;
    Either() {}
    ~Either() {}
  };
  Either either;
};

[[gnu::noinline]] static void make() {
  const auto parent = std::make_shared<Node>(), child = std::make_shared<Node>();
  parent->values.emplace_back(std::string("a text that does not fit into the string itself"));
  parent->values.emplace_back(child);
  child->parent.~Value();
  new (&child->parent) Value(parent);

  const auto left = std::make_shared<Left>();
  const auto right = std::make_shared<Right>();
  new (&left->right) std::shared_ptr<Right>(right);
  right->left = left;

  const auto named = std::make_shared<Named>();
  new (&named->content.next) std::shared_ptr<Named>(named);
  const auto bytes = std::make_shared<Bytes>();
  new (bytes->storage) std::shared_ptr<Bytes>(bytes);
  const auto unclear = std::make_shared<Unclear>();
  new (&unclear->either.owned) std::shared_ptr<Unclear>(unclear);
}

[[gnu::noinline]] static void clear_stack() {
  volatile char space[4096] = {};
  space[0] = 1;
}

int main() {
  make();
  clear_stack();
}
