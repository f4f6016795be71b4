// A wrapper of another language holds the object by a toggle reference, which is never removed.
// expect: leaked-reference type=DemoThing
// taken: wrap toggle_reference.c:14
#include "demo_object.h"

DEMO_TYPE(DemoThing, demo_thing)

static void on_toggle(gpointer data, GObject* object, gboolean is_last) {
  (void)data;
  (void)object;
  (void)is_last;
}

static void wrap(GObject* object) { g_object_add_toggle_ref(object, on_toggle, NULL); }

int main(void) {
  GObject* thing = g_object_new(demo_thing_get_type(), NULL);
  wrap(thing);
  g_object_unref(thing);
  return 0;
}
