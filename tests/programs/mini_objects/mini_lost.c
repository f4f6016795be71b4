// A buffer is kept for later, and the one who kept it goes without giving it back. Others who took it did.
// expect: leaked-reference type=GstBuffer instances=3
// taken: keep_for_later mini_lost.c:12
#include "mini_object.h"

static void use(void* buffer) {
  void* mine = gst_mini_object_ref(buffer);
  gst_mini_object_unref(mine);
}

static void keep_for_later(void* buffer) {
  void* later = gst_mini_object_ref(buffer);
  printf("%d\n", later != NULL);
}

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  for (int i = 0; i < 3; i++) {
    void* buffer = gst_buffer_new_allocate(NULL, 100, NULL);
    use(buffer);
    keep_for_later(buffer);
    use(buffer);
    gst_mini_object_unref(buffer);
  }
  return 0;
}
