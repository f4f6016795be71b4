// A count kept by hand, its functions marked. One call in three takes a texture and forgets it.
// expect: leaked-reference type=Texture instances=2
// taken: upload annotated_lost.cc:34
#include <vector>

struct Texture {
  [[clang::annotate("reftally::acquire")]] void retain() { references_++; }
  [[clang::annotate("reftally::release")]] void release() {
    if (--references_ == 0) delete this;
  }
  int size = 0;

 private:
  int references_ = 1;
};

class TextureRef {
 public:
  explicit TextureRef(Texture* texture) : texture_(texture) { texture_->retain(); }
  TextureRef(const TextureRef& other) : texture_(other.texture_) { texture_->retain(); }
  TextureRef& operator=(const TextureRef&) = delete;
  ~TextureRef() { texture_->release(); }
  Texture* get() const { return texture_; }

 private:
  Texture* texture_;
};

static std::vector<TextureRef> shown;
static int uploads;

__attribute__((noinline)) static void upload(Texture* texture) {
  if (++uploads % 3 != 0) return;
  texture->retain();
}

int main() {
  for (int i = 0; i < 6; i++) {
    auto* texture = new Texture;
    if (i < 2) {
      const TextureRef user(texture);
      const TextureRef copy = user;
    }
    if (i == 0) shown.emplace_back(texture);
    upload(texture);
    texture->release();
  }
}
