// expect: none
// Counts of those who use an object, not of those who own it: pins and leases look like smart pointers, but free
// nothing. The objects belong to tables of plain pointers and to unique_ptr.
#include <map>
#include <memory>
#include <string>
#include <vector>

template <class T>
struct Pin {
  T* what;
  explicit Pin(T* what) : what(what) { ++what->ref_count; }
  Pin(const Pin& other) : Pin(other.what) {}
  ~Pin() { --what->ref_count; }
};
struct Frame {
  int ref_count = 0;
  std::vector<std::unique_ptr<Pin<Frame>>> held;
};

struct Buffer;
class Lease {
 public:
  explicit Lease(Buffer* buffer);
  Lease(const Lease& other) : Lease(other.buffer_) {}
  ~Lease();

 private:
  Buffer* buffer_;
};
struct Buffer {
  int use_count = 0;
  std::vector<Lease> neighbours;
};
Lease::Lease(Buffer* buffer) : buffer_(buffer) { ++buffer_->use_count; }
Lease::~Lease() { --buffer_->use_count; }

Frame* g_frames[8];
std::vector<std::unique_ptr<Frame>> g_owned_frames;
std::map<std::string, Buffer*> g_buffers;

int main() {
  for (Frame*& frame : g_frames) {
    frame = new Frame;
    frame->held.push_back(std::make_unique<Pin<Frame>>(frame));
    g_owned_frames.push_back(std::make_unique<Frame>());
    g_owned_frames.back()->held.push_back(std::make_unique<Pin<Frame>>(g_owned_frames.back().get()));
  }
  Buffer* const first = new Buffer;
  Buffer* last = first;
  for (int i = 0; i < 8; ++i) {
    Buffer* const buffer = i == 7 ? first : new Buffer;
    last->neighbours.emplace_back(buffer);
    g_buffers["buffer " + std::to_string(i)] = buffer;
    last = buffer;
  }
}
