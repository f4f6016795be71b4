#include "analyzer/flavours/naming.h"

#include <fmt/format.h>

#include "analyzer/image/member_path.h"
#include "analyzer/image/stack_places.h"
#include "analyzer/layouts/type_names.h"

namespace reftally {

std::string location_text(const SourceLocation& location) {
  return location.line ? fmt::format("{}:{}", location.file, location.line) : std::string();
}

namespace {

// Beyond this an offset is one of an array's, and says little.
constexpr uint64_t kLargestNamedOffset = 4096;

// "serve(std::shared_ptr<Session>) [clone .destroy]" gives "coroutine frame of serve()".
std::string coroutine_name(std::string_view function) {
  if (!function.ends_with("[clone .destroy]") && !function.ends_with("[clone .cleanup]")) return {};
  return "coroutine frame of " + readable_type_name(function_title(function));
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

Naming::Naming(const Image& image, const DebugTypes& types, const CountedObjects& counted, const Holders& holders,
               HeapBuilder& builder)
    : image_(image), types_(types), counted_(counted), holders_(holders), builder_(builder) {}

TypeId Naming::readable_type(std::string_view demangled) {
  const std::string name = readable_type_name(demangled);
  const TypeId id = builder_.add_type(name);
  type_names_.emplace(index(id), name);
  return id;
}

TypeId Naming::vtable_type(uint64_t vtable) {
  const std::string_view mangled = image_.vtable_type(vtable);
  if (mangled.empty()) return TypeId{};
  auto [found, added] = vtable_types_.try_emplace(vtable, TypeId{});
  if (added) found->second = readable_type(demangle_type(mangled));
  return found->second;
}

TypeId Naming::counted_type(const CountedObject& object) {
  // shared_ptr<Base>(new Derived) may know only Base; the object itself knows better.
  if (object.owns_value_block && object.value_count == 1) {
    const TypeId dynamic = vtable_type(image_.word(image_.blocks[object.value_block].address).value_or(0));
    if (index(dynamic) != 0) return dynamic;
  }
  const bool is_array = object.value_count != 1;
  const size_t key = size_t{index(object.value_type)} * 2 + is_array;
  if (key >= counted_types_.size()) counted_types_.resize(2 * counted_.names.size());
  std::optional<TypeId>& type = counted_types_[key];
  if (!type) {
    const std::string_view name = counted_.names[object.value_type];
    type = name.empty() ? TypeId{} : readable_type(std::string(name) + (is_array ? "[]" : ""));
  }
  return *type;
}

// A frame begins with the functions that resume and destroy it; once done it has the latter only.
const Naming::Frame& Naming::frame(uint32_t block) {
  static const Frame kNone;
  const uint64_t at = image_.blocks[block].address;
  const uint64_t resume = image_.word(at).value_or(0), destroy = image_.word(at + 8).value_or(0);
  const ImageModule* module = destroy ? image_.module_at(destroy) : nullptr;
  if (!module || (resume && image_.module_at(resume) != module)) return kNone;
  auto [found, added] = frames_.try_emplace(destroy, Frame{});
  Frame& frame = found->second;
  if (!added) return frame;
  const std::string name = coroutine_name(demangle(types_.symbol_at(destroy)));
  if (name.empty()) return frame;
  frame.type = builder_.add_type(name);
  frame.layout = types_.coroutine_frame(destroy);
  type_names_.emplace(index(frame.type), name);
  if (frame.layout) frame_layouts_.emplace(index(frame.type), frame.layout);
  return frame;
}

TypeId Naming::block_type(uint32_t block) {
  if (!block_types_.empty() && block_types_[block] != kUntold) return block_types_[block];
  if (!holders_.is_carved(block)) {  // else the vtable is that of a control block inside
    const TypeId dynamic = vtable_type(image_.word(image_.blocks[block].address).value_or(0));
    if (index(dynamic) != 0) return dynamic;
    const TypeId of_frame = frame(block).type;
    if (index(of_frame) != 0) return of_frame;
  }
  const uint64_t size = image_.blocks[block].size;
  auto [found, added] = sized_types_.try_emplace(size, TypeId{});
  if (added) found->second = builder_.add_type(fmt::format("block of {} byte{}", size, size == 1 ? "" : "s"));
  return found->second;
}

TypeId Naming::type_of(HolderId holder) {
  if (holders_.is_counted(holder)) return counted_type(counted_.objects[holder]);
  return holders_.is_block(holder) ? block_type(holders_.block_of(holder)) : extra_types_.at(holder);
}

std::string_view Naming::name_of(TypeId type) const {
  const auto name = type_names_.find(index(type));
  return name == type_names_.end() ? std::string_view() : name->second;
}

// Of a vector that is counted itself, in the block of its elements; else 0.
uint64_t Naming::element_size(HolderId from, uint32_t block) {
  if (!holders_.is_counted(from)) return 0;
  const CountedObject& object = counted_.objects[from];
  if (block == object.block || !object.value) return 0;
  if (image_.word(object.value).value_or(0) != image_.blocks[block].address) return 0;
  auto [found, added] = element_sizes_.try_emplace(index(object.value_type), uint64_t{0});
  const std::string_view name = added ? counted_.names[object.value_type] : std::string_view();
  if (!name.starts_with("std::vector<")) return found->second;
  const Type* const type = types_.find(std::string(name));
  if (type && !type->template_arguments.empty() && type->template_arguments.front())
    found->second = type->template_arguments.front()->size;
  return found->second;
}

LabelId Naming::element_label(TypeId vector, std::string_view name, uint64_t offset) {
  constexpr uint64_t kOfElement = uint64_t{1} << 31;
  auto [found, added] = offset_labels_.try_emplace(uint64_t{index(vector)} << 32 | kOfElement | offset, LabelId{});
  if (added) found->second = builder_.add_label(name, fmt::format("[] at offset {}", offset));
  return found->second;
}

LabelId Naming::offset_label(HolderId from, uint32_t block, uint64_t at) {
  uint64_t start = image_.blocks[block].address;
  if (holders_.is_counted(from)) {
    const CountedObject& object = counted_.objects[from];
    const bool value_is_here = object.value_block == Image::kNoBlock || object.value_block == object.block;
    if (block == object.block && object.value && at >= object.value && value_is_here) {
      start = object.value;
    } else if (block == object.block) {
      start = object.address;
    }
  }
  const TypeId type = type_of(from);
  const auto name = type_names_.find(index(type));
  if (name == type_names_.end() || at < start) return LabelId{};
  if (const uint64_t size = element_size(from, block)) return element_label(type, name->second, (at - start) % size);
  if (at - start > kLargestNamedOffset) return LabelId{};
  auto [found, added] = offset_labels_.try_emplace(uint64_t{index(type)} << 32 | (at - start), LabelId{});
  if (!added) return found->second;
  const auto layout = frame_layouts_.find(index(type));
  const std::string path = layout == frame_layouts_.end() ? "" : member_path(*layout->second, at - start);
  found->second = builder_.add_label(name->second, path.empty() ? fmt::format("+{}", at - start) : path.substr(1));
  return found->second;
}

void Naming::name_place(uint64_t at, LabelId of_memory) { place_names_[at].of_memory = of_memory; }

void Naming::name_alternative(uint64_t at, LabelId alternative) {
  PlaceName& name = place_names_[at];
  if (index(name.alternative) != 0 && name.alternative != alternative) name.is_disputed = true;
  name.alternative = alternative;
}

LabelId Naming::place_label(HolderId from, uint32_t block, uint64_t word, uint64_t begin) {
  const auto known = place_names_.find(word);
  if (known != place_names_.end()) {
    const PlaceName& name = known->second;
    const LabelId label = name.is_disputed || index(name.alternative) == 0 ? name.of_memory : name.alternative;
    if (index(label) != 0) return label;
  }
  return offset_label(from, block, begin);
}

StringId Naming::static_name(uint64_t at) {
  const std::string place = types_.static_place(at);
  if (!place.empty()) return builder_.intern(place);
  const ImageModule* module = image_.module_at(at);
  if (!module) return mapping_name(at);
  return builder_.intern(fmt::format("{} + {:#x}", base_name(module->path), at - module->bias));
}

std::string Naming::thread_title(uint32_t thread) const {
  const std::string& name = image_.threads[thread].name;
  return fmt::format("thread {}{}", thread + 1, name.empty() ? "" : " (" + name + ")");
}

StringId Naming::stack_name(uint32_t thread, uint64_t at) {
  const std::string place = types_.stack_place(thread, at);
  const char* const before = place.empty() ? "" : place.starts_with("below ") ? " " : " of ";
  return builder_.intern(thread_title(thread) + ", stack" + before + place);
}

StringId Naming::stack_name(uint32_t thread, const LocalVariable& variable) {
  return builder_.intern(fmt::format("{}, stack of {}: {}", thread_title(thread), variable.function, variable.name));
}

bool Naming::is_exiting() const {
  constexpr std::string_view kRunDestructors[] = {"exit()", "__cxa_finalize()", "__call_tls_dtors()"};
  for (uint32_t thread = 0; thread < image_.threads.size(); ++thread)
    if (types_.runs(thread, kRunDestructors)) return true;
  return false;
}

StringId Naming::register_name(uint32_t thread, uint64_t number) {
  return builder_.intern(fmt::format("{}, register {}", thread_title(thread), types_.register_place(thread, number)));
}

StringId Naming::kernel_name(const dump::KernelWord& word) {
  switch (word.keeper) {
    case dump::KernelKeeper::kTimer:
      return builder_.intern(fmt::format("kernel: timer {}", word.number));
    case dump::KernelKeeper::kSignalStack:
      return builder_.intern(fmt::format("kernel: signal stack of thread {}", word.number));
    default:
      return builder_.intern(fmt::format("kernel: epoll {}, descriptor {}", word.number, word.watched));
  }
}

StringId Naming::thread_local_name(uint32_t thread, uint64_t at) {
  const std::string place = types_.thread_local_place(thread, at);
  return thread_local_name(thread, place.empty() ? "thread-local storage" : place);
}

StringId Naming::thread_local_name(uint32_t thread, std::string_view variable) {
  return builder_.intern(fmt::format("{} of {}", variable, thread_title(thread)));
}

StringId Naming::mapping_name(uint64_t at) {
  const ImageMapping* mapping = image_.mapping_at(at);
  const std::string path = mapping && !mapping->path.empty() ? mapping->path : "anonymous mapping";
  return builder_.intern(fmt::format("{} + {:#x}", path, mapping ? at - mapping->begin : at));
}

}  // namespace reftally
