// expect: unreachable-cycle type=Parent type=Child edge=Parent::children_ edge=Child::parent_
// A count and a smart pointer of the program's own; the count has a telling name.
#include <utility>
#include <vector>

class Counted {
 public:
  virtual ~Counted() = default;
  void ref() { ++refs_; }
  void unref() {
    if (--refs_ == 0) delete this;
  }

 private:
  int refs_ = 0;
};

template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(T* object) : object_(object) {
    if (object_) object_->ref();
  }
  Ref(const Ref& other) : Ref(other.object_) {}
  Ref& operator=(Ref other) {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_) object_->unref();
  }
  T* operator->() const { return object_; }

 private:
  T* object_ = nullptr;
};

struct Parent;
struct Child : Counted {
  Ref<Parent> parent_;
};
struct Parent : Counted {
  std::vector<Ref<Child>> children_;
};

int main() {
  Ref<Parent> parent(new Parent);
  for (int i = 0; i < 3; ++i) {
    Ref<Child> child(new Child);
    child->parent_ = parent;
    parent->children_.push_back(child);
  }
}
