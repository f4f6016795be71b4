// Loaded and unloaded by dlopen.cc, c_program_with_cxx_plugin.c and own_copy_of_glib.c; not a program.
#include <memory>
#include <string>
#include <vector>

static std::vector<std::string> kept{"static data of a library that can be unloaded"};

extern "C" int plugin_run(int n) {
  std::vector<std::unique_ptr<std::string>> strings;
  for (int i = 0; i < n; i++) strings.push_back(std::make_unique<std::string>(100, 'x'));
  kept.push_back(*strings.back());
  try {
    throw std::string("thrown by the plugin");
  } catch (const std::string& text) {
    return static_cast<int>(strings.size() + kept.size() + text.size());
  }
}

// As of a copy of GLib that a plugin was linked with: nobody else in the process has these.
static int taken = 0;
extern "C" void* g_object_ref(void* object) {
  taken++;
  return object;
}
extern "C" void g_object_unref(void*) { taken--; }
extern "C" void* gst_mini_object_ref(void* object) {
  taken += 100;
  return object;
}

extern "C" int plugin_takes(int n) {
  long object[8] = {};
  for (int i = 0; i < n; i++) g_object_ref(object);
  for (int i = 0; i < n - 2; i++) g_object_unref(object);
  gst_mini_object_ref(object);
  return taken;
}
