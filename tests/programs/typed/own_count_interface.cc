// expect: unreachable-cycle type=Document type=View edge=View::document instances=4
// expect: leaked-reference type=Stream
// Smart pointers to interfaces, as COM has them: the class they point to has no count, those of the objects have.
#include <atomic>
#include <utility>
#include <vector>

struct Unknown {
  virtual unsigned long add_ref() = 0;
  virtual unsigned long release() = 0;

 protected:
  virtual ~Unknown() = default;
};

template <class T>
class ComPtr {
 public:
  ComPtr() = default;
  ComPtr(T* p) : p_(p) {
    if (p_) p_->add_ref();
  }
  ComPtr(const ComPtr& other) : ComPtr(other.p_) {}
  ComPtr& operator=(ComPtr other) {
    std::swap(p_, other.p_);
    return *this;
  }
  ~ComPtr() {
    if (p_) p_->release();
  }
  T* operator->() const { return p_; }

 private:
  T* p_ = nullptr;
};

template <class Interface>
struct Object : Interface {
  std::atomic<unsigned long> m_cRef{0};
  unsigned long add_ref() override { return ++m_cRef; }
  unsigned long release() override {
    const unsigned long left = --m_cRef;
    if (left == 0) delete this;
    return left;
  }
};

struct IStream : Unknown {
  virtual int read() = 0;
};
struct IView : Unknown {
  virtual void show() = 0;
};
struct IDocument : Unknown {
  virtual void add(IView* view) = 0;
};
struct Named {  // so that not every interface is the first base
  const char* name = "document";
  virtual ~Named() = default;
};

struct Stream : Object<IStream> {
  char buffer[200] = {};
  int read() override { return buffer[0]; }
};
struct Document : Named, Object<IDocument> {
  std::vector<ComPtr<IView>> views;
  ComPtr<IStream> stream;
  void add(IView* view) override { views.push_back(view); }
};
struct View : Object<IView> {
  ComPtr<IDocument> document;
  void show() override {}
};

ComPtr<IStream> g_stream;

[[gnu::noinline]] static void forget_a_document() {
  const ComPtr<IDocument> document = new Document;
  auto* view = new View;
  document->add(view);
  view->document = document;
}

[[gnu::noinline]] static void forget_a_release() {
  const ComPtr<IStream> stream = new Stream;
  stream->add_ref();
}

[[gnu::noinline]] static void clear_stack() {
  volatile char space[4096] = {};
  space[0] = 1;
}

int main() {
  g_stream = new Stream;
  const ComPtr<IStream> other = g_stream;
  for (int i = 0; i < 4; ++i) forget_a_document();
  for (int i = 0; i < 3; ++i) forget_a_release();
  clear_stack();
  return other->read();
}
