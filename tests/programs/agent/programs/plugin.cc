// Loaded and unloaded by dlopen.cc and c_program_with_cxx_plugin.c; not a program.
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
