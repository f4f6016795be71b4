// Caps are taken and forgotten; the structure inside them has the address of their count, which holds nothing.
// expect: leaked-reference type=GstCaps instances=1
// taken: negotiate mini_caps_lost.c:6
#include "mini_object.h"

static void negotiate(void* caps) { gst_mini_object_ref(caps); }

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  void* caps = gst_caps_new_empty_simple("audio/x-raw");
  negotiate(caps);
  gst_mini_object_unref(caps);
  return 0;
}
