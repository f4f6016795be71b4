// The handler's data is the panel, borrowed: no cycle. What keeps the panel is the reference that was never given back,
// of two that main took.
// expect: leaked-reference type=DemoPanel
// maybe: main borrowed_handler_data.c:17
// maybe: main borrowed_handler_data.c:20
#include "demo_object.h"

DEMO_TYPE(DemoPanel, demo_panel)
DEMO_TYPE(DemoButton, demo_button)

static void on_fired(GObject* button, gpointer panel) {
  (void)button;
  ((DemoPanel*)panel)->number++;
}

int main(void) {
  DemoPanel* panel = g_object_new(demo_panel_get_type(), NULL);
  panel->first = g_object_new(demo_button_get_type(), NULL);
  g_signal_connect(panel->first, "fired", G_CALLBACK(on_fired), panel);
  g_object_ref(panel);
  g_signal_emit_by_name(panel->first, "fired");
  g_object_unref(panel);
  panel = NULL;
  return 0;
}
