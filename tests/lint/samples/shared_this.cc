// shared_from_this() where nobody owns the object: always std::bad_weak_ptr.
#include <functional>
#include <memory>

struct BadConstructor : std::enable_shared_from_this<BadConstructor> {
  BadConstructor() { keep(shared_from_this()); }  // expect: shared-this-in-constructor-or-destructor
  static void keep(const std::shared_ptr<BadConstructor>&) {}
};

struct BadDestructor : std::enable_shared_from_this<BadDestructor> {
  ~BadDestructor() { report(shared_from_this()); }  // expect: shared-this-in-constructor-or-destructor
  static void report(const std::shared_ptr<BadDestructor>&) {}
};

struct BadThroughMember : std::enable_shared_from_this<BadThroughMember> {
  BadThroughMember() {
    start();  // expect: shared-this-in-constructor-or-destructor
  }
  void start() { auto self = shared_from_this(); }
};

struct BadTwoDeep : std::enable_shared_from_this<BadTwoDeep> {
  ~BadTwoDeep() {
    stop();  // expect: shared-this-in-constructor-or-destructor
  }
  void stop() { unregister(); }
  void unregister() { auto self = shared_from_this(); }
};

struct Holder {
  std::shared_ptr<void> what;  // expect: self-hold
};
struct BadInitialiser : std::enable_shared_from_this<BadInitialiser> {
  BadInitialiser() : holder_{shared_from_this()} {}  // expect: shared-this-in-constructor-or-destructor
  Holder holder_;
};

struct BaseOf : std::enable_shared_from_this<BaseOf> {
  virtual ~BaseOf() = default;
};
struct BadDerived : BaseOf {
  BadDerived() { auto self = shared_from_this(); }  // expect: shared-this-in-constructor-or-destructor
};

struct GoodLater : std::enable_shared_from_this<GoodLater> {
  GoodLater() {
    later_ = [this] { auto self = shared_from_this(); };
  }
  std::function<void()> later_;
};

struct GoodFactory : std::enable_shared_from_this<GoodFactory> {
  static std::shared_ptr<GoodFactory> make() {
    auto made = std::make_shared<GoodFactory>();
    made->start();
    return made;
  }
  void start() { auto self = shared_from_this(); }
};

struct GoodOther : std::enable_shared_from_this<GoodOther> {
  explicit GoodOther(GoodFactory& other) { other.start(); }
};

struct GoodWeak : std::enable_shared_from_this<GoodWeak> {
  ~GoodWeak() { auto weak = weak_from_this(); }
};

struct PerhapsInDestructor : std::enable_shared_from_this<PerhapsInDestructor> {
  ~PerhapsInDestructor() {
    stop();  // expect-note: shared-this-in-constructor-or-destructor
  }
  void stop() {
    if (stopped_) return;
    stopped_ = true;
    auto self = shared_from_this();
  }
  bool stopped_ = false;
};
