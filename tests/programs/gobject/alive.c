// Nothing is wrong: objects held by statics, lists, values, object data, closures, weak and toggle references.
// expect: none
#include "demo_object.h"

DEMO_TYPE(DemoJob, demo_job)
DEMO_TYPE(DemoOwner, demo_owner)

static GList* listed;
static GPtrArray* array;
static GHashTable* table;
static GValue value = G_VALUE_INIT;
static DemoOwner* owner;
static GWeakRef watcher;

static GObject* job(void) { return g_object_new(demo_job_get_type(), NULL); }

static void on_fired(GObject* sender, gpointer data) {
  (void)sender;
  ((DemoJob*)data)->number++;
}

static void keep_all(void) {
  listed = g_list_prepend(listed, job());
  array = g_ptr_array_new_with_free_func(g_object_unref);
  for (int i = 0; i < 20; i++) g_ptr_array_add(array, job());
  table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_object_unref);
  g_hash_table_insert(table, g_strdup("one"), job());
  g_value_init(&value, G_TYPE_OBJECT);
  g_value_take_object(&value, job());
  owner = g_object_new(demo_owner_get_type(), NULL);
  owner->first = job();
  g_object_set_data_full(G_OBJECT(owner), "job", job(), g_object_unref);
  // held by nothing but the handler
  g_signal_connect_data(owner, "fired", G_CALLBACK(on_fired), job(),
                        (GClosureNotify)(void (*)(void))g_object_unref, 0);
  g_weak_ref_init(&watcher, owner->first);
}

static void come_and_go(void) {
  for (int i = 0; i < 100; i++) {
    DemoOwner* local = g_object_new(demo_owner_get_type(), NULL);
    local->first = job();
    g_signal_connect_object(owner, "fired", G_CALLBACK(on_fired), local->first, 0);
    GObject* strong = g_weak_ref_get(&watcher);
    g_object_unref(strong);
    g_signal_emit_by_name(owner, "fired");
    g_object_unref(local);
  }
}

int main(void) {
  keep_all();
  come_and_go();
  return 0;
}
