// boost::intrusive_ptr: the only object of its class is lost, and another class has its size and counts in one place
// with it. Which of the two it is nobody knows, so it is a lost block and no more.
// expect: unreachable-block instances=1
#include <boost/intrusive_ptr.hpp>

template <class Tag>
struct Counted {
  int references = 0;
  int tag = 0;
};
template <class Tag>
void intrusive_ptr_add_ref(Counted<Tag>* object) {
  ++object->references;
}
template <class Tag>
void intrusive_ptr_release(Counted<Tag>* object) {
  if (--object->references == 0) delete object;
}
using Texture = Counted<int>;
using Shader = Counted<long>;

static unsigned long handle;

template <class T>
__attribute__((noinline)) static void share_with_driver(const boost::intrusive_ptr<T>& object) {
  boost::intrusive_ptr<T> copy = object;
  handle = reinterpret_cast<unsigned long>(copy.detach()) ^ 0x5555;
}

int main() {
  boost::intrusive_ptr<Texture> texture(new Texture);
  boost::intrusive_ptr<Shader> shader(new Shader);
  share_with_driver(texture);
  texture.reset();
  shader.reset();
  handle = 0;
}
