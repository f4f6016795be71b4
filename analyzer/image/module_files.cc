#include "analyzer/image/module_files.h"

#include <elfutils/libdwelf.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <new>

#include "analyzer/image/dwarf_package.h"
#include "analyzer/image/type_names.h"

namespace reftally {

namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::string parent_of(const std::string& path) { return std::filesystem::path(path).parent_path().string(); }

bool is_synthetic(const std::string& path) { return path.empty() || path[0] != '/'; }  // "linux-vdso.so.1", "[vdso]"

// Folders that hold .build-id/, most specific first.
std::vector<std::string> debug_roots(const DebugOptions& options) {
  std::vector<std::string> roots = options.debug_dirs;
  if (!options.sysroot.empty()) roots.push_back(options.sysroot + "/usr/lib/debug");
  if (options.living != 0) roots.push_back(fmt::format("/proc/{}/root", options.living) + "/usr/lib/debug");
  roots.push_back("/usr/lib/debug");
  return roots;
}

// A file whose build-id is `wanted`, or nullptr.
std::unique_ptr<ElfFile> open_build(const std::string& path, std::string_view wanted) {
  std::unique_ptr<ElfFile> file = ElfFile::open(path);
  if (file && !wanted.empty() && file->build_id() != wanted) return nullptr;
  return file;
}

std::unique_ptr<ElfFile> find_by_build_id(const std::vector<std::string>& roots, std::string_view id,
                                          const char* suffix) {
  if (id.size() < 2) return nullptr;
  const std::string digits = hex(id);
  for (const std::string& root : roots) {
    const std::string name = fmt::format("{}/.build-id/{}/{}{}", root, digits.substr(0, 2), digits.substr(2), suffix);
    if (auto file = open_build(name, id)) return file;
  }
  return nullptr;
}

// Where gdb looks for a .gnu_debuglink, and flat in the given debug folders.
std::unique_ptr<ElfFile> find_by_link(const std::vector<std::string>& roots, const ElfFile& main,
                                      const std::string& module_path) {
  const std::optional<std::string> link = main.debug_link();
  if (!link || link->find('/') != std::string::npos) return nullptr;
  const std::string folder = parent_of(main.path());
  std::vector<std::string> candidates = {folder + "/" + *link, folder + "/.debug/" + *link};
  for (const std::string& root : roots) {
    candidates.push_back(root + parent_of(module_path) + "/" + *link);
    candidates.push_back(root + "/" + *link);
  }
  for (const std::string& candidate : candidates) {
    if (auto file = open_build(candidate, main.build_id()); file && candidate != main.path()) return file;
  }
  return nullptr;
}

// The dwz file that holds what several debug files share. Its DWARF is of use only together with this one.
void attach_alternate(ModuleFiles& files, const std::vector<std::string>& roots) {
  const char* name = nullptr;
  const void* id = nullptr;
  const ssize_t size = dwelf_dwarf_gnu_debugaltlink(files.dwarf.get(), &name, &id);
  if (size <= 0) return;
  const std::string_view wanted(static_cast<const char*>(id), static_cast<size_t>(size));
  const std::string folder = parent_of(files.with_symbols()->path());
  files.alternate = open_build(name[0] == '/' ? name : folder + "/" + name, wanted);
  if (!files.alternate) files.alternate = find_by_build_id(roots, wanted, ".debug");
  for (size_t i = 0; i < roots.size() && !files.alternate; ++i) {
    files.alternate = open_build(roots[i] + "/.dwz/" + std::string(base_name(name)), wanted);
  }
  if (!files.alternate) {
    files.warning = fmt::format("{}: its dwz file {} is missing, types are incomplete", files.module->path, name);
    return;
  }
  files.alternate_dwarf = open_dwarf(files.alternate->elf());
  if (files.alternate_dwarf) dwarf_setalt(files.dwarf.get(), files.alternate_dwarf.get());
}

// Where the file of a module may be. A living process may have another root (a container), or run on a file that has
// been deleted or replaced: /proc/PID/map_files leads to it all the same.
std::vector<std::string> places_of(const ImageModule& module, const DebugOptions& options) {
  std::vector<std::string> places = {options.sysroot + module.path, module.path};
  if (options.living == 0 || module.segments.empty()) return places;
  places.push_back(fmt::format("/proc/{}/root{}", options.living, module.path));
  uint64_t begin = ~uint64_t{0};
  for (const ImageSegment& segment : module.segments) begin = std::min(begin, segment.begin);
  const std::string first = fmt::format("{:x}-", begin & ~uint64_t{4095});
  std::error_code unreadable;
  for (const auto& mapped :
       std::filesystem::directory_iterator(fmt::format("/proc/{}/map_files", options.living), unreadable))
    if (mapped.path().filename().string().starts_with(first)) places.push_back(mapped.path().string());
  return places;
}

void open_main(ModuleFiles& files, const DebugOptions& options) {
  const ImageModule& module = *files.module;
  for (const std::string& path : places_of(module, options)) {
    files.main = ElfFile::open(path);
    if (!files.main) continue;
    if (module.build_id.empty() || files.main->build_id() == module.build_id) {
      files.warning.clear();
      return;
    }
    files.main = nullptr;
    files.warning = fmt::format(
        "{}: the file is of another build than the process had, and not used; --sysroot tells "
        "where that of build-id {} is",
        path, hex(module.build_id));
  }
  if (files.warning.empty())
    files.warning = fmt::format("{}: file not found, no names from it; --sysroot tells where it is{}", module.path,
                                module.build_id.empty() ? "" : fmt::format(" (build-id {})", hex(module.build_id)));
}

ModuleFiles open_one(const ImageModule& module, const DebugOptions& options, const std::vector<std::string>& roots) {
  ModuleFiles files;
  files.module = &module;
  open_main(files, options);
  files.debug = find_by_build_id(roots, module.build_id, ".debug");
  if (files.main && !files.debug && !files.main->has_section(".debug_info")) {
    files.debug = find_by_link(roots, *files.main, module.path);
  }
  const ElfFile* source = files.with_symbols();
  if (!source) return files;
  if (files.debug) files.warning.clear();
  if (!options.use_dwarf) return files;
  if (source->has_section(".debug_info") || source->has_section(".zdebug_info")) {
    files.package = UnpackedPackage::open(*source, options.debug_dirs);
    files.dwarf = open_dwarf(files.package ? files.package->elf() : source->elf());
  }
  if (files.dwarf) attach_alternate(files, roots);
  const bool is_zstd = !files.dwarf && source->is_zstd(".debug_info");
  if (is_zstd)
    files.warning = fmt::format(
        "{}: its debug information is compressed with zstd, which libdw here cannot read: names and member types there "
        "come from symbols and counts alone; run `objcopy --decompress-debug-sections` on it, or link with -gz=zlib",
        module.path);
  files.lacks_dwarf = !files.dwarf && !is_zstd;
  return files;
}

}  // namespace

DwarfHandle open_dwarf(Elf* elf) {
  DwarfHandle dwarf(dwarf_begin_elf(elf, DWARF_C_READ, nullptr));
  if (dwarf) dwarf_new_oom_handler(dwarf.get(), [] { throw std::bad_alloc(); });
  return dwarf;
}

ModuleFiles::ModuleFiles() = default;
ModuleFiles::~ModuleFiles() = default;
ModuleFiles::ModuleFiles(ModuleFiles&&) noexcept = default;

std::vector<ModuleFiles> open_module_files(const Image& image, const DebugOptions& options) {
  const std::vector<std::string> roots = debug_roots(options);
  std::vector<ModuleFiles> all;
  for (const ImageModule& module : image.modules) {
    if (!is_synthetic(module.path)) all.push_back(open_one(module, options, roots));
  }
  return all;
}

}  // namespace reftally
