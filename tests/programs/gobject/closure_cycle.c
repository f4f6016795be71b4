// A panel owns its button, and the button's signal handler owns the panel: given as data, with g_object_unref for its end.
// expect: unreachable-cycle type=DemoPanel type=DemoButton instances=2
#include "demo_object.h"

DEMO_TYPE(DemoPanel, demo_panel)
DEMO_TYPE(DemoButton, demo_button)

static void on_fired(GObject* button, gpointer panel) {
  (void)button;
  ((DemoPanel*)panel)->number++;
}

static void make_panel(void) {
  DemoPanel* panel = g_object_new(demo_panel_get_type(), NULL);
  panel->first = g_object_new(demo_button_get_type(), NULL);
  g_signal_connect_data(panel->first, "fired", G_CALLBACK(on_fired), g_object_ref(panel),
                        (GClosureNotify)(void (*)(void))g_object_unref, 0);
  g_signal_emit_by_name(panel->first, "fired");
  g_object_unref(panel);
}

int main(void) {
  make_panel();
  make_panel();
  return 0;
}
