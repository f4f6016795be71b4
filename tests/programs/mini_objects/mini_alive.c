// Buffers, an event and caps that somebody has.
// expect: none
#include "mini_object.h"

void *kept, *replaced, *of_program; /* seen from outside, so that no compiler drops them */

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  kept = gst_buffer_new_allocate(NULL, 64, NULL);
  gst_mini_object_replace(&replaced, kept);
  void* event = gst_event_new_eos();
  gst_mini_object_replace(&replaced, event);
  gst_mini_object_unref(event);
  void* caps = gst_caps_new_empty_simple("audio/x-raw");
  gst_mini_object_ref(caps);
  gst_mini_object_unref(caps);
  of_program = caps;
  printf("%d\n", of_program != NULL && replaced == event);
  return 0;
}
