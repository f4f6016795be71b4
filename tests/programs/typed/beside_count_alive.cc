// Pairs of pointers that look like a smart pointer with its count: a weak one, a lock, a child with its parent.
// expect: none
#include <memory>
#include <utility>
#include <vector>

struct Counts {
  int refs = 1, weak_refs = 0;
};

template <class T>
class Weak;
template <class T>
class Shared {
 public:
  Shared() = default;
  explicit Shared(T* value) : value_(value), counts_(new Counts) {}
  Shared(const Shared& other) : value_(other.value_), counts_(other.counts_) {
    if (counts_) ++counts_->refs;
  }
  Shared& operator=(Shared other) {
    std::swap(value_, other.value_);
    std::swap(counts_, other.counts_);
    return *this;
  }
  ~Shared() {
    if (!counts_ || --counts_->refs > 0) return;
    delete value_;
    if (counts_->weak_refs == 0) delete counts_;
  }
  T* operator->() const { return value_; }

 private:
  friend class Weak<T>;
  T* value_ = nullptr;
  Counts* counts_ = nullptr;
};

template <class T>
class Weak {
 public:
  Weak() = default;
  Weak& operator=(const Shared<T>& other) {
    value_ = other.value_;
    counts_ = other.counts_;
    ++counts_->weak_refs;
    return *this;
  }
  ~Weak() {
    if (counts_ && --counts_->weak_refs == 0 && counts_->refs == 0) delete counts_;
  }

 private:
  T* value_ = nullptr;
  Counts* counts_ = nullptr;
};

struct Mutex {
  int lock_count = 0;
};
struct Pins {
  int ref_count = 0;  // of pins, not of owners
};
template <class T>
struct Pin {
  T* what;
  Pins* pins;
  Pin(T* what, Pins* pins) : what(what), pins(pins) { ++pins->ref_count; }
  ~Pin() { --pins->ref_count; }
};
struct Frame {
  Pins* pins = new Pins;
  std::vector<std::unique_ptr<Pin<Frame>>> held;
};
template <class T>
struct Locker {
  T* what;
  Mutex* mutex;
  Locker(T* what, Mutex* mutex) : what(what), mutex(mutex) { ++mutex->lock_count; }
  ~Locker() { --mutex->lock_count; }
};

struct Page {
  Weak<Page> self;
  std::vector<Shared<Page>> next;
};
struct Book {
  Mutex* mutex = new Mutex;
  std::vector<std::unique_ptr<Locker<Book>>> locks;
};

std::vector<Shared<Page>> g_pages;
std::vector<std::unique_ptr<Book>> g_books;
std::vector<std::unique_ptr<Frame>> g_frames;
std::vector<Frame*> g_plain_frames;

void hold(Frame* frame) { frame->held.push_back(std::make_unique<Pin<Frame>>(frame, frame->pins)); }

int main() {
  for (int i = 0; i < 6; ++i) {
    Shared<Page> page(new Page);
    page->self = page;
    if (!g_pages.empty()) page->next.push_back(g_pages.back());
    g_pages.push_back(page);
    g_frames.push_back(std::make_unique<Frame>());
    hold(g_frames.back().get());
    g_plain_frames.push_back(new Frame);
    hold(g_plain_frames.back());
    g_books.push_back(std::make_unique<Book>());
    g_books.back()->locks.push_back(std::make_unique<Locker<Book>>(g_books.back().get(), g_books.back()->mutex));
  }
}
