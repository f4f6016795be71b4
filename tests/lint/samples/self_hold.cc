// A member that owns the object it is a member of.
#include <map>
#include <memory>
#include <utility>
#include <vector>

struct BadDirect : std::enable_shared_from_this<BadDirect> {
  std::shared_ptr<BadDirect> self_;  // expect: self-hold
  void start() { self_ = shared_from_this(); }
};

struct BadFromOutside {
  std::shared_ptr<BadFromOutside> self_;  // expect: self-hold
};
void bad_from_outside() {
  auto job = std::make_shared<BadFromOutside>();
  job->self_ = job;
}

struct BadContainer : std::enable_shared_from_this<BadContainer> {
  std::vector<std::shared_ptr<BadContainer>> all_;  // expect: self-hold
  void start() { all_.push_back(shared_from_this()); }
};

struct BadVoid : std::enable_shared_from_this<BadVoid> {
  std::shared_ptr<void> keep_;  // expect: self-hold
  void start() { keep_ = shared_from_this(); }
};

struct BadOnlyDestructor : std::enable_shared_from_this<BadOnlyDestructor> {
  ~BadOnlyDestructor() { self_.reset(); }
  std::shared_ptr<BadOnlyDestructor> self_;  // expect: self-hold
  void start() { self_ = shared_from_this(); }
};

struct Keeper {
  std::shared_ptr<void> what_;  // expect: self-hold
};
struct BadInside : std::enable_shared_from_this<BadInside> {
  Keeper keeper_;
  void start() { keeper_.what_ = shared_from_this(); }
};

struct Idiom : std::enable_shared_from_this<Idiom> {
  std::shared_ptr<Idiom> self_;  // expect-note: self-hold
  void start() { self_ = shared_from_this(); }
  void done() { self_.reset(); }
};

struct IdiomExchange : std::enable_shared_from_this<IdiomExchange> {
  std::shared_ptr<IdiomExchange> self_;  // expect-note: self-hold
  void start() { self_ = shared_from_this(); }
  void done() { auto last = std::exchange(self_, nullptr); }
};

struct GoodWeak : std::enable_shared_from_this<GoodWeak> {
  std::weak_ptr<GoodWeak> self_;
  void start() { self_ = shared_from_this(); }
};

struct GoodOther {
  std::shared_ptr<GoodOther> next_;  // expect: deep-destruction
  static void link(const std::shared_ptr<GoodOther>& a, const std::shared_ptr<GoodOther>& b) { a->next_ = b; }
};

struct GoodLocal : std::enable_shared_from_this<GoodLocal> {
  void start() {
    auto self = shared_from_this();
    (void)self;
  }
};

struct GoodRaw {
  GoodRaw* self_;
  GoodRaw() : self_(this) {}
};

struct GoodLoop {
  std::shared_ptr<GoodLoop> next_;  // expect: deep-destruction
  static void chain(const std::vector<std::shared_ptr<GoodLoop>>& all) {
    std::shared_ptr<GoodLoop> last;
    for (const auto& one : all) {
      if (last) last->next_ = one;
      last = one;
    }
  }
};

// What is hung at the end of a list is none of those that were walked over to find it.
struct GoodLink {
  std::shared_ptr<GoodLink> next_;  // expect: deep-destruction
};
struct GoodIndex {
  std::map<int, std::shared_ptr<GoodLink>> first_;
  void add(int key) {
    const auto fresh = std::make_shared<GoodLink>();
    auto last = first_[key];
    while (last->next_) last = last->next_;
    last->next_ = fresh;
  }
};
void good_index() {
  GoodIndex index;
  index.add(1);
}
