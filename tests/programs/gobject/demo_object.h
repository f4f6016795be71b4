// A GObject class with two places for objects, one for each test to use as it likes.
#pragma once

#include <glib-object.h>

#define DEMO_TYPE(Name, prefix)                                                               \
  typedef struct _##Name Name;                                                                \
  typedef struct {                                                                            \
    GObjectClass parent_class;                                                                \
  } Name##Class;                                                                              \
  struct _##Name {                                                                            \
    GObject parent_instance;                                                                  \
    GObject* first;                                                                           \
    gpointer second;                                                                          \
    int number;                                                                               \
  };                                                                                          \
  GType prefix##_get_type(void);                                                              \
  G_DEFINE_TYPE(Name, prefix, G_TYPE_OBJECT)                                                  \
  static void prefix##_dispose(GObject* object) {                                             \
    Name* self = (Name*)object;                                                               \
    g_clear_object(&self->first);                                                             \
    G_OBJECT_CLASS(prefix##_parent_class)->dispose(object);                                   \
  }                                                                                           \
  static void prefix##_class_init(Name##Class* type) {                                        \
    G_OBJECT_CLASS(type)->dispose = prefix##_dispose;                                         \
    g_signal_new("fired", G_TYPE_FROM_CLASS(type), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0); \
  }                                                                                           \
  static void prefix##_init(Name* self) { self->number = 1; }
