// boost::intrusive_ptr: the only object of its class is lost, and no pointer to any is left. What events told of it is
// enough: that it counts, of which class it is, and who took the reference.
// expect: leaked-reference type=Texture
// taken: share_with_driver intrusive_alone.cc:22
#include <boost/intrusive_ptr.hpp>

struct Texture {
  int width = 640;
  int references = 0;
};
static void intrusive_ptr_add_ref(Texture* texture) { ++texture->references; }
static void intrusive_ptr_release(Texture* texture) {
  if (--texture->references == 0) delete texture;
}
using Pointer = boost::intrusive_ptr<Texture>;

static unsigned long handle;

__attribute__((noinline)) static void share_with_driver(const Pointer& texture) {
  // One line: what takes the reference.
  // It is detached for a C interface that never gives it back.
  Pointer copy = texture;
  handle = reinterpret_cast<unsigned long>(copy.detach()) ^ 0x5555;
}

int main() {
  Pointer texture(new Texture);
  share_with_driver(texture);
  texture.reset();
  handle = 0;
}
