// An object's own closure keeps the object. Each struct is one case; `bad_` leaks, `good_` must stay silent.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

using Callback = std::function<void()>;
template <class T>
using Shared = std::enable_shared_from_this<T>;

void post(Callback work);  // somebody else's queue

struct BadDirect : Shared<BadDirect> {
  Callback on_done_;
  void start() {
    auto self = shared_from_this();
    on_done_ = [self] { self->start(); };  // expect: self-capture
  }
};

struct BadInitCapture : Shared<BadInitCapture> {
  Callback on_done_;
  void start() {
    on_done_ = [self = shared_from_this()] { self->start(); };  // expect: self-capture
  }
};

struct BadDefaultCapture : Shared<BadDefaultCapture> {
  Callback on_done_;
  void start() {
    auto self = shared_from_this();
    on_done_ = [=] { self->start(); };  // expect: self-capture
  }
};

struct BadThisAndSelf : Shared<BadThisAndSelf> {
  Callback on_done_;
  void start() {
    auto self(shared_from_this());
    on_done_ = [this, self] { start(); };  // expect: self-capture
  }
};

struct BadBind : Shared<BadBind> {
  Callback on_done_;
  void start() {
    on_done_ = std::bind(&BadBind::start, shared_from_this());  // expect: self-capture
  }
};

struct BadVector : Shared<BadVector> {
  std::vector<Callback> listeners_;
  void listen() {
    auto self = shared_from_this();
    listeners_.push_back([self] { self->listen(); });  // expect: self-capture
  }
};

struct BadEmplace : Shared<BadEmplace> {
  std::vector<Callback> listeners_;
  void listen() {
    listeners_.emplace_back([self = shared_from_this()] { self->listen(); });  // expect: self-capture
  }
};

struct BadMap : Shared<BadMap> {
  std::map<std::string, Callback> handlers_;
  void listen() {
    handlers_["x"] = [self = shared_from_this()] { self->listen(); };  // expect: self-capture
  }
};

struct BadSetter : Shared<BadSetter> {
  void on_done(Callback work) { on_done_ = std::move(work); }
  void start() {
    on_done([self = shared_from_this()] { self->start(); });  // expect: self-capture
  }

 private:
  Callback on_done_;
};

struct BadSetterOfSetter : Shared<BadSetterOfSetter> {
  void set(Callback work) { on_done_ = std::move(work); }
  void on_done(const Callback& work) { set(work); }
  void start() {
    on_done([self = shared_from_this()] { self->start(); });  // expect: self-capture
  }

 private:
  Callback on_done_;
};

struct BadFromOutside {
  Callback on_done_;
};
void bad_from_outside() {
  auto job = std::make_shared<BadFromOutside>();
  job->on_done_ = [job] { job->on_done_ = {}; };  // expect-note: self-capture
}

struct BadFromOutsideUnbroken {
  Callback on_done_;
  int value = 0;
};
void bad_from_outside_unbroken() {
  auto job = std::make_shared<BadFromOutsideUnbroken>();
  job->on_done_ = [job] { ++job->value; };  // expect: self-capture
}

struct BadSetterFromOutside {
  void on_done(Callback work) { on_done_ = std::move(work); }

 private:
  Callback on_done_;
};
void bad_setter_from_outside() {
  std::shared_ptr<BadSetterFromOutside> job(new BadSetterFromOutside);
  job->on_done([job] { (void)job; });  // expect: self-capture
}

void bad_recursive_function() {
  auto next = std::make_shared<Callback>();
  *next = [next] { post(*next); };  // expect: self-capture
}

struct Timer {
  void every(Callback work) { work_ = std::move(work); }

 private:
  Callback work_;
};
struct BadMember : Shared<BadMember> {
  Timer timer_;
  void start() {
    timer_.every([self = shared_from_this()] { self->start(); });  // expect: self-capture
  }
};

struct BadLocalCallback : Shared<BadLocalCallback> {
  Callback on_done_;
  void start() {
    Callback work = [self = shared_from_this()] { self->start(); };  // expect: self-capture
    on_done_ = work;
  }
};

struct BadGetter : Shared<BadGetter> {
  std::shared_ptr<BadGetter> self() { return shared_from_this(); }
  Callback on_done_;
  void start() {
    on_done_ = [me = self()] { me->start(); };  // expect: self-capture
  }
};

struct BadCast : Shared<BadCast> {
  virtual ~BadCast() = default;
};
struct BadDerived : BadCast {
  Callback on_done_;
  void start() {
    auto self = std::static_pointer_cast<BadDerived>(shared_from_this());
    on_done_ = [self] { self->start(); };  // expect: self-capture
  }
};

struct BadNested : Shared<BadNested> {
  Callback on_done_;
  void start() {
    auto inner = [self = shared_from_this()] { self->start(); };  // expect: self-capture
    on_done_ = [inner] { inner(); };
  }
};

struct BadParameter : Shared<BadParameter> {
  Callback on_done_;
  static void wire(const std::shared_ptr<BadParameter>& job) {
    job->on_done_ = [job] { job->start(); };  // expect: self-capture
  }
  void start() {}
};

struct BadOnlyDestructorClears : Shared<BadOnlyDestructorClears> {
  ~BadOnlyDestructorClears() { on_done_ = nullptr; }
  Callback on_done_;
  void start() {
    on_done_ = [self = shared_from_this()] { self->start(); };  // expect: self-capture
  }
};

struct BadStopOnlyFromDestructor : Shared<BadStopOnlyFromDestructor> {
  ~BadStopOnlyFromDestructor() { stop(); }
  void stop() { on_done_ = nullptr; }
  Callback on_done_;
  void start() {
    on_done_ = [self = shared_from_this()] { self->start(); };  // expect: self-capture
  }
};

struct BadFunctor : Shared<BadFunctor> {
  struct Work {
    std::shared_ptr<BadFunctor> job;  // expect: own-cycle
    void operator()() const {}
  };
  Callback on_done_;
  void start() { on_done_ = Work{shared_from_this()}; }
};

struct BrokenByStop : Shared<BrokenByStop> {
  Callback on_done_;
  void stop() { on_done_ = nullptr; }
  void start() {
    on_done_ = [self = shared_from_this()] { self->stop(); };  // expect-note: self-capture
  }
};

struct BrokenByMove : Shared<BrokenByMove> {
  Callback on_done_;
  void finish() {
    auto work = std::move(on_done_);
    work();
  }
  void start() {
    on_done_ = [self = shared_from_this()] { self->finish(); };  // expect-note: self-capture
  }
};

struct BrokenByNullSetter : Shared<BrokenByNullSetter> {
  Callback on_done_;
  void on_done(Callback work) { on_done_ = std::move(work); }
  void start() {
    on_done([self = shared_from_this()] { self->stop(); });  // expect-note: self-capture
  }
  void stop() { on_done(nullptr); }
};

struct BrokenByReference : Shared<BrokenByReference> {
  Callback& handler() { return on_done_; }
  void start() {
    on_done_ = [self = shared_from_this()] { self->start(); };  // expect-note: self-capture
  }

 private:
  Callback on_done_;
};

// ---- nothing below leaks

struct GoodWeak : Shared<GoodWeak> {
  Callback on_done_;
  void start() {
    on_done_ = [weak = weak_from_this()] {
      if (auto self = weak.lock()) self->start();
    };
  }
};

struct GoodWeakLocal : Shared<GoodWeakLocal> {
  Callback on_done_;
  void start() {
    std::weak_ptr<GoodWeakLocal> weak = shared_from_this();
    on_done_ = [weak] {};
  }
};

struct GoodThis : Shared<GoodThis> {
  Callback on_done_;
  void start() {
    on_done_ = [this] { start(); };
  }
};

struct GoodByReference : Shared<GoodByReference> {
  Callback on_done_;
  void start() {
    auto self = shared_from_this();
    on_done_ = [&self] { self->start(); };
  }
};

struct GoodLocalLambda : Shared<GoodLocalLambda> {
  void start() {
    auto work = [self = shared_from_this()] { self->start(); };
    work();
  }
};

struct GoodPosted : Shared<GoodPosted> {
  Callback on_done_;
  void start() {
    post([self = shared_from_this()] { self->start(); });
  }
};

struct GoodOther : Shared<GoodOther> {
  Callback on_done_;
  void watch(const std::shared_ptr<GoodOther>& other) {
    other->on_done_ = [self = shared_from_this()] { self->on_done_(); };
  }
};

struct GoodWeakBind : Shared<GoodWeakBind> {
  Callback on_done_;
  static void run(const std::weak_ptr<GoodWeakBind>&) {}
  void start() { on_done_ = std::bind(&GoodWeakBind::run, std::weak_ptr<GoodWeakBind>(shared_from_this())); }
};

struct GoodCopyOfField : Shared<GoodCopyOfField> {
  std::shared_ptr<int> value_;
  Callback on_done_;
  void start() {
    on_done_ = [value = value_] { (void)*value; };
  }
};

struct GoodSetterOfOther : Shared<GoodSetterOfOther> {
  void on_done(Callback work) { on_done_ = std::move(work); }
  static void wire(const std::shared_ptr<GoodSetterOfOther>& a, const std::shared_ptr<GoodSetterOfOther>& b) {
    a->on_done([b] { (void)b; });
  }

 private:
  Callback on_done_;
};

struct GoodSetterNotStored : Shared<GoodSetterNotStored> {
  void now(const Callback& work) { work(); }
  void start() {
    now([self = shared_from_this()] { self->on_done_(); });
  }
  Callback on_done_;
};

void good_recursive_function() {
  auto next = std::make_shared<Callback>();
  std::weak_ptr<Callback> weak = next;
  *next = [weak] {
    if (auto again = weak.lock()) post(*again);
  };
}

void good_loop(const std::vector<std::shared_ptr<GoodOther>>& all) {
  for (const auto& one : all)
    for (const auto& other : all) one->on_done_ = [other] { (void)other; };
}

struct GoodSilenced : Shared<GoodSilenced> {
  Callback on_done_;
  void start() {
    on_done_ = [self = shared_from_this()] { self->start(); };  // NOLINT(reftally-self-capture)
  }
};

struct GoodSilencedAtField : Shared<GoodSilencedAtField> {
  // NOLINTNEXTLINE(reftally-*)
  Callback on_done_;
  void start() {
    on_done_ = [self = shared_from_this()] { self->start(); };
  }
};
