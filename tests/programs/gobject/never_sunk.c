// A floating reference that nobody sinks: the object stays with the count it was born with.
// expect: leaked-reference type=DemoWidget
// taken: make never_sunk.c:22
#include <glib-object.h>

typedef struct {
  GInitiallyUnowned parent_instance;
  int number;
} DemoWidget;
typedef struct {
  GInitiallyUnownedClass parent_class;
} DemoWidgetClass;

GType demo_widget_get_type(void);
G_DEFINE_TYPE(DemoWidget, demo_widget, G_TYPE_INITIALLY_UNOWNED)
static void demo_widget_class_init(DemoWidgetClass* type) { (void)type; }
static void demo_widget_init(DemoWidget* self) { self->number = 1; }

static DemoWidget* make(gboolean wanted) {
  // the one that is wanted is sunk, and goes

  DemoWidget* widget = g_object_new(demo_widget_get_type(), NULL);
  return wanted ? g_object_ref_sink(widget) : NULL;
}

int main(void) {
  g_object_unref(make(TRUE));
  make(FALSE);
  return 0;
}
