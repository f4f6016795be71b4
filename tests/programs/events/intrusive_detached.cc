// boost::intrusive_ptr: a reference is detached for a C interface that never gives it back.
// expect: leaked-reference type=Texture
// taken: share_with_driver intrusive_detached.cc:22
#include <boost/intrusive_ptr.hpp>
#include <utility>
#include <vector>

struct Texture {
  int references = 0;
};
static void intrusive_ptr_add_ref(Texture* texture) { ++texture->references; }
static void intrusive_ptr_release(Texture* texture) {
  if (--texture->references == 0) delete texture;
}
using Pointer = boost::intrusive_ptr<Texture>;

static std::vector<Pointer> live;
static long handle;

__attribute__((noinline)) static void share_with_driver(const Pointer& texture) {
  // One line: what takes the reference.
  Pointer copy = texture;
  handle = reinterpret_cast<long>(copy.detach()) ^ 0x5555;
}

int main() {
  for (int i = 0; i < 8; i++) {
    Pointer texture(new Texture), other;
    other = texture;
    std::swap(texture, other);
    Pointer moved = std::move(other);
    live.push_back(std::move(moved));
    if (i == 4) share_with_driver(live.back());
    if (i == 4) live.pop_back();
  }
  handle = 0;
}
