// A handle gives up its reference, and the one who was to give it back does not.
// expect: leaked-reference type=Texture
// taken: share_with_driver handle_lost.cc:16
#include <vector>

#include "handle.h"

struct Texture : Counted<Texture> {
  int size = 0;
};

static std::vector<Handle<Texture>> shown;

__attribute__((noinline)) static void share_with_driver(const Handle<Texture>& texture) {
  // clang-format off
  Handle<Texture> shared(texture);
  // clang-format on
  shared.detach();
}

int main() {
  for (int i = 0; i < 6; i++) {
    Handle<Texture> texture(new Texture);
    if (i < 3) shown.push_back(texture);
    if (i % 3 == 2) share_with_driver(texture);
    Handle<Texture> used(texture);
    used->size = i;
  }
}
