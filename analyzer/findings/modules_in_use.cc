#include "analyzer/findings/modules_in_use.h"

#include "analyzer/base/recent_rows.h"
#include "analyzer/findings/rules.h"

namespace reftally {
namespace {

class ModuleSet {
 public:
  explicit ModuleSet(const Image& image) : image_(image) {}

  void add(uint64_t address) {
    recent_.find(address, [&](uint64_t at) {
      const ImageModule* module = image_.module_at(at);
      if (module) modules_.insert(module);
      return module;
    });
  }

  // The C library calls main, and the one of C++ what a std::thread does: they are on every stack, and nobody asks what
  // their frames are called.
  void add_caller(uint64_t address) {
    const ImageModule* module = image_.module_at(address);
    if (!module) return;
    const std::string_view name = std::string_view(module->path).substr(module->path.rfind('/') + 1);
    for (const char* library : {"libc.so", "libc-2.", "libstdc++.so", "libc++.so"})
      if (name.starts_with(library)) return;
    modules_.insert(module);
  }

  std::set<std::string> paths() const {
    std::set<std::string> paths;
    for (const ImageModule* module : modules_) paths.insert(module->path);
    return paths;
  }

 private:
  const Image& image_;
  std::set<const ImageModule*> modules_;
  RecentRows<const ImageModule> recent_;
};

}  // namespace

std::set<std::string> modules_in_use(const Heap& heap, const Image& image, const std::vector<Finding>& findings) {
  ModuleSet modules(image);
  // A runtime that declares its objects also names their types.
  for (uint32_t i = 0; i < heap.object_count(); i++)
    if (heap.is_counted(ObjectId{i}) && !is_declared(heap, ObjectId{i}))
      if (const auto vtable = image.word(heap.address[i])) modules.add(*vtable);
  for (const Finding& finding : findings)
    if (finding.subject && !is_declared(heap, *finding.subject))
      for (uint64_t address : image.frames(heap.birth_stack[index(*finding.subject)])) modules.add_caller(address);
  return modules.paths();
}

}  // namespace reftally
