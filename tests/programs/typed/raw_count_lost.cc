// expect: leaked-reference type=Texture
// One unref() too few in a program that counts by hand.
#include <map>
#include <string>

class Texture {
 public:
  virtual ~Texture() = default;
  void ref() { ++refs_; }
  void unref() {
    if (--refs_ == 0) delete this;
  }

 private:
  unsigned refs_ = 1;
};

struct Sprite {
  Texture* texture = nullptr;
};

std::map<std::string, Texture*> g_textures;
std::map<int, Sprite> g_sprites;

[[gnu::noinline]] void lose() {
  auto* texture = new Texture;
  texture->ref();
  Sprite sprite{texture};
  texture->unref();
  asm volatile("" : : "r"(&sprite) : "memory");
}

int main() {
  lose();
  for (int i = 0; i < 4; ++i) {
    Texture* texture = g_textures[std::to_string(i)] = new Texture;
    for (int j = 0; j < i; ++j) {
      texture->ref();
      g_sprites[10 * i + j].texture = texture;
    }
  }
}
