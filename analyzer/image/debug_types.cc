#include "analyzer/image/debug_types.h"

#include <dwarf.h>
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/image/class_sizes.h"
#include "analyzer/image/coroutine_frames.h"
#include "analyzer/image/debug_packages.h"
#include "analyzer/image/destructor_code.h"
#include "analyzer/image/member_path.h"
#include "analyzer/image/shared_this_calls.h"
#include "analyzer/image/source_lines.h"
#include "analyzer/image/stack_places.h"
#include "analyzer/image/static_variables.h"
#include "analyzer/image/symbols.h"
#include "analyzer/image/thread_local_blocks.h"
#include "analyzer/image/type_builder.h"
#include "analyzer/image/type_map.h"
#include "analyzer/image/type_names.h"

namespace reftally {

std::string_view Type::template_name() const { return reftally::template_name(short_name); }

// Everything is made when first asked for: a program without findings needs no types.
struct DebugTypes::Data {
  Data(const Image& process, const DebugOptions& options)
      : image(process),
        modules(open_module_files(process, options)),
        files(modules),
        names(files),
        lines(files, names) {
    if (!options.type_map.empty() && options.use_dwarf) map = std::make_unique<TypeMap>(options.type_map, process);
  }

  struct Types {
    Types(const DwarfFiles& files, DieNames& names) : index(files), builder(files, index, names) {}
    TypeIndex index;
    TypeBuilder builder;
  };
  Types& types() {
    if (!types_) types_ = std::make_unique<Types>(files, names);
    return *types_;
  }
  const Symbols& symbols(const ModuleFiles& module) {
    auto& entry = symbols_[&module];
    if (!entry) entry = std::make_unique<Symbols>(module);
    return *entry;
  }
  const ModuleCode& code(const ModuleFiles& module) {
    auto& entry = code_[&module];
    if (!entry) entry = std::make_unique<ModuleCode>(module);
    return *entry;
  }
  const ModuleFiles* module_at(uint64_t address) const {
    const ImageModule* found = image.module_at(address);
    auto files_of =
        std::find_if(modules.begin(), modules.end(), [&](const ModuleFiles& m) { return m.module == found; });
    return found && files_of != modules.end() ? &*files_of : nullptr;
  }
  const std::vector<Variable>& variables() {
    if (!variables_) {
      variables_ = read_static_variables(files, types().index, names, types().builder);
      std::stable_sort(variables_->begin(), variables_->end(), [](const Variable& a, const Variable& b) {
        return std::tie(a.is_thread_local, a.address) < std::tie(b.is_thread_local, b.address);
      });
    }
    return *variables_;
  }
  CoroutineFrames& coroutine_frames() {
    if (!coroutine_frames_) coroutine_frames_ = std::make_unique<CoroutineFrames>(lines, types().builder);
    return *coroutine_frames_;
  }
  StackPlaces& stacks() {
    if (!stacks_) {
      stacks_ = std::make_unique<StackPlaces>(
          image, [this](uint64_t address) { return module_at(address); },
          [this](uint64_t address) { return function_name(address); }, lines, types().builder);
    }
    return *stacks_;
  }
  std::string function_name(uint64_t address);  // by symbols
  uint64_t function_named(std::string_view mangled);
  const Type* functor_of(Dwarf_Die* die);

  const Image& image;
  std::vector<ModuleFiles> modules;
  DwarfFiles files;
  DieNames names;
  SourceLines lines;
  std::unique_ptr<TypeMap> map;                                // null: none was given
  std::unordered_map<std::string, const Type*> by_destructor;  // classes by their type_info names

 private:
  std::unique_ptr<Types> types_;
  std::optional<std::vector<Variable>> variables_;
  std::unique_ptr<StackPlaces> stacks_;
  std::unique_ptr<CoroutineFrames> coroutine_frames_;
  std::unordered_map<const ModuleFiles*, std::unique_ptr<Symbols>> symbols_;
  std::unordered_map<const ModuleFiles*, std::unique_ptr<ModuleCode>> code_;
  std::unordered_map<std::string_view, uint64_t> functions_;  // of all modules, by mangled name
};

namespace {

// Our own libraries in the program: what they lack is not the user's to mend.
bool is_agent(std::string_view path) { return path.substr(path.rfind('/') + 1).starts_with("libreftally-"); }

// What the standard libraries and Boost call the parameter that is the stored callable's type.
constexpr std::string_view kFunctorParameters[] = {"_Functor", "_Fp", "Functor", "FunctionObj"};

std::string place_in(const Variable& variable, uint64_t offset) {
  return variable.name + member_path(*variable.type, offset);
}

bool covers(const Variable& variable, uint64_t begin, uint64_t address) {
  return variable.type && address >= begin && address - begin < std::max<uint64_t>(variable.type->size, 1);
}

// "Z4mainEUlvE_" -> "_ZZ4mainENKUlvE_cl", "N1xMUlvE_E" -> "_ZNK1xMUlvE_cl": how the name of a closure's operator()
// begins. A mutable lambda's has no K.
std::string call_operator_prefix(std::string_view closure, bool is_const) {
  const std::string qualifier = is_const ? "K" : "";
  if (closure.starts_with("N") && closure.ends_with("E")) {
    return "_ZN" + qualifier + std::string(closure.substr(1, closure.size() - 2)) + "cl";
  }
  const size_t lambda = closure.rfind("EUl");
  if (!closure.starts_with("Z") || lambda == std::string_view::npos) return {};
  return "_Z" + std::string(closure.substr(0, lambda + 1)) + "N" + qualifier + std::string(closure.substr(lambda + 1)) +
         "cl";
}

}  // namespace

std::string DebugTypes::Data::function_name(uint64_t address) {
  const ModuleFiles* files_of = module_at(address);
  const Symbol* symbol = files_of ? symbols(*files_of).function_at(address) : nullptr;
  if (symbol) return demangle(symbol->name);
  const ImageModule* module = image.module_at(address);
  return module ? fmt::format("{} + {:#x}", base_name(module->path), address - module->bias)
                : fmt::format("{:#x}", address);
}

uint64_t DebugTypes::Data::function_named(std::string_view mangled) {
  if (functions_.empty()) {
    for (const ModuleFiles& module : modules) {
      for (const Symbol& symbol : symbols(module).functions()) functions_.emplace(symbol.name, symbol.address);
    }
  }
  auto found = functions_.find(mangled);
  return found == functions_.end() ? 0 : found->second;
}

// The callable's type, from the template arguments of a manager's or invoker's class.
const Type* DebugTypes::Data::functor_of(Dwarf_Die* die) {
  Dwarf_Die declaration = declaration_of(*die);
  const std::optional<DieRef> outer = names.parent(files.ref(&declaration));
  if (!outer) return nullptr;
  Dwarf_Die owner = files.die(*outer), in_type_unit;
  if (attribute_die(&owner, DW_AT_signature, &in_type_unit)) owner = in_type_unit;  // has the template arguments
  const Type* found = nullptr;
  for_each_child(&owner, [&](Dwarf_Die* child) {
    const char* name = dwarf_tag(child) == DW_TAG_template_type_parameter ? dwarf_diename(child) : nullptr;
    if (name &&
        std::find(std::begin(kFunctorParameters), std::end(kFunctorParameters), name) != std::end(kFunctorParameters)) {
      found = types().builder.type_of(child);
    }
  });
  return found;
}

DebugTypes::DebugTypes(const Image& image, const DebugOptions& options)
    : data_(std::make_unique<Data>(image, options)) {}

DebugTypes::~DebugTypes() = default;

const Type* DebugTypes::find(std::string_view demangled_name) const {
  const Type* type = data_->types().builder.find(demangled_name);
  return !type && data_->map ? data_->map->find(demangled_name) : type;
}

std::vector<const Type*> DebugTypes::classes_of_one_word() const {
  std::vector<const Type*> found;
  for (const TypeIndex::Definition& definition : data_->types().index.definitions()) {
    if (definition.size != 8) continue;
    int parts = 0;
    bool destructor = false;
    Dwarf_Die die = data_->files.die(definition.die);
    for_each_child(&die, [&](Dwarf_Die* child) {
      parts += dwarf_tag(child) == DW_TAG_member || dwarf_tag(child) == DW_TAG_inheritance;
      const char* name = dwarf_tag(child) == DW_TAG_subprogram ? dwarf_diename(child) : nullptr;
      destructor |= name && name[0] == '~';
    });
    if (parts != 1 || !destructor) continue;
    if (const Type* type = data_->types().builder.type_at(definition.die)) found.push_back(type);
  }
  if (data_->map)
    for (const Type* type : data_->map->classes_of_one_word())
      if (!data_->types().builder.find(type->name)) found.push_back(type);
  return found;
}

const Type* DebugTypes::find_mangled(std::string_view type_info_name) const {
  if (type_info_name.starts_with('*')) type_info_name.remove_prefix(1);
  for (const bool is_const : {true, false}) {
    const std::string prefix = call_operator_prefix(type_info_name, is_const);
    if (prefix.empty()) break;
    if (const TypeIndex::Closure* closure = data_->types().index.find_closure(prefix)) {
      return data_->types().builder.type_at(closure->die);
    }
  }
  if (const Type* type = data_->types().builder.find(demangle_type(type_info_name))) return type;
  if (const Type* type = class_of_destructor(type_info_name)) return type;
  return data_->map ? data_->map->find_mangled(type_info_name) : nullptr;
}

// g++'s DWARF says Held<f()::<lambda()>> for each lambda of f, and clang's "Held<(lambda at job.cc:29:14)>" of what the
// linker knows as Held<main::$_0>, or in a function that is inline as Held<f()::{lambda()#1}>. The destructor bears the
// linker's name and is declared in the class. Compilers merge functions of equal code.
const Type* DebugTypes::class_of_destructor(std::string_view type_info_name) const {
  const auto has = [&](std::string_view mark) { return type_info_name.find(mark) != std::string_view::npos; };
  if (!has("$_") && !has("EUl")) return nullptr;
  auto [known, added] = data_->by_destructor.try_emplace(std::string(type_info_name), nullptr);
  if (!added) return known->second;
  const std::string demangled = demangle_type(type_info_name);
  if (type_info_name.starts_with('N')) type_info_name = type_info_name.substr(1, type_info_name.size() - 2);
  for (const char* destructor : {"D0Ev", "D2Ev"}) {
    const uint64_t address = data_->function_named(fmt::format("_ZN{}{}", type_info_name, destructor));
    const Type* const type = address ? class_of_function(address) : nullptr;
    if (type && (type->is_closure || type->template_name() == template_name(demangled))) return known->second = type;
  }
  return nullptr;
}

const std::vector<Variable>& DebugTypes::variables() const { return data_->variables(); }

std::string DebugTypes::static_place(uint64_t address) const {
  const std::vector<Variable>& all = data_->variables();
  auto after = std::partition_point(all.begin(), all.end(), [&](const Variable& variable) {
    return !variable.is_thread_local && variable.address <= address;
  });
  if (after != all.begin() && covers(*(after - 1), (after - 1)->address, address))
    return place_in(*(after - 1), address - (after - 1)->address);
  return data_symbol_at(address);
}

std::optional<uint64_t> DebugTypes::thread_local_address(uint32_t thread, const Variable& variable) const {
  const auto block = thread_local_block(data_->image, data_->image.threads[thread], *variable.module);
  if (!block) return std::nullopt;
  return *block + variable.address;
}

std::string DebugTypes::thread_local_place(uint32_t thread, uint64_t address) const {
  const std::vector<Variable>& all = data_->variables();
  auto first = std::partition_point(all.begin(), all.end(), [](const Variable& v) { return !v.is_thread_local; });
  for (; first != all.end(); ++first) {
    const auto begin = thread_local_address(thread, *first);
    if (begin && covers(*first, *begin, address)) return place_in(*first, address - *begin);
  }
  return {};
}

bool DebugTypes::runs(uint32_t thread, std::span<const std::string_view> functions) const {
  return data_->stacks().runs(thread, functions);
}

std::string DebugTypes::stack_place(uint32_t thread, uint64_t address) const {
  return data_->stacks().at(thread, address);
}

std::vector<LocalVariable> DebugTypes::local_variables(uint32_t thread) const {
  return data_->stacks().in_memory(thread);
}

std::string DebugTypes::register_place(uint32_t thread, uint64_t number) const {
  return data_->stacks().in_register(thread, number);
}

std::string DebugTypes::symbol_at(uint64_t address) const {
  const ModuleFiles* module = data_->module_at(address);
  if (!module) return {};
  if (const Symbol* symbol = data_->symbols(*module).function_at(address)) return symbol->name;
  Dwarf_Die function;
  return data_->lines.function_at(*module, address, &function) ? attribute_string(&function, DW_AT_linkage_name) : "";
}

std::vector<VtableSymbol> DebugTypes::vtables_of(const ImageModule& module) const {
  for (const ModuleFiles& files : data_->modules)
    if (files.module == &module) return data_->symbols(files).vtables();
  return {};
}

std::optional<uint64_t> DebugTypes::size_in_code(uint64_t vtable) const {
  const ModuleFiles* module = data_->module_at(vtable);
  return module ? size_of_class(data_->code(*module), vtable - module->bias()) : std::nullopt;
}

std::string DebugTypes::data_symbol_at(uint64_t address) const {
  const ModuleFiles* module = data_->module_at(address);
  const Symbol* symbol = module ? data_->symbols(*module).object_at(address) : nullptr;
  if (!symbol) return {};
  const uint64_t offset = address - symbol->address;
  return demangle(symbol->name) + (offset ? fmt::format(" + {:#x}", offset) : "");
}

std::vector<SourceFrame> DebugTypes::source_frames(uint64_t return_address) const {
  const uint64_t address = return_address - 1;  // in the call, not behind it
  const ModuleFiles* files = data_->module_at(address);
  if (files) {
    std::vector<SourceFrame> frames = data_->lines.frames(*files, address);
    if (!frames.empty()) return frames;
  }
  const ImageModule* module = data_->image.module_at(address);
  SourceFrame frame;
  frame.module = module ? module->path : "";
  frame.function = module ? data_->function_name(address) : kUnknownCode;
  return {frame};
}

const Type* DebugTypes::closure_of_function(uint64_t address) const {
  const ModuleFiles* module = data_->module_at(address);
  Dwarf_Die function;
  if (!module || !data_->lines.function_at(*module, address, &function)) return nullptr;
  return data_->functor_of(&function);
}

const Type* DebugTypes::closure_of_symbol(std::string_view mangled) const {
  const uint64_t address = data_->function_named(mangled);
  return address ? closure_of_function(address) : nullptr;
}

const Type* DebugTypes::class_of_function(uint64_t address) const {
  const ModuleFiles* module = data_->module_at(address);
  Dwarf_Die function;
  if (!module || !data_->lines.function_at(*module, address, &function)) return nullptr;
  Dwarf_Die declaration = declaration_of(function);
  const std::optional<DieRef> outer = data_->names.parent(data_->files.ref(&declaration));
  const Type* type = outer ? data_->types().builder.type_at(*outer) : nullptr;
  return type && type->kind == Type::Kind::kClass ? type : nullptr;
}

std::vector<bool> DebugTypes::never_free(std::span<const Type* const> classes) const {
  if (classes.empty()) return {};
  Data& data = *data_;
  return find_freeless_destructors(classes, data.files, data.names, data.types().builder,
                                   {[&](const ModuleFiles& module) -> const ModuleCode& { return data.code(module); },
                                    [&](const ModuleFiles& module) -> const Symbols& { return data.symbols(module); }});
}

std::optional<SourceFrame> DebugTypes::shared_this_at_end(const Type& type, uint64_t vtable) const {
  const ModuleFiles* module = data_->module_at(vtable);
  if (!module) return std::nullopt;
  const uint64_t bias = module->bias();
  std::vector<uint64_t> vtables{vtable - bias};
  for (const VtableSymbol& symbol : data_->symbols(*module).vtables())
    if (demangle_type(symbol.type) == type.name) vtables.push_back(symbol.vtable - bias);
  const ModuleCode& code = data_->code(*module);
  return find_shared_this_call(type, vtables, code, CodeCalls(code, data_->symbols(*module), bias),
                               [&](uint64_t address) { return source_frames(address + bias); });
}

const Type* DebugTypes::coroutine_frame(uint64_t destroy_function) const {
  const ModuleFiles* module = data_->module_at(destroy_function);
  return module ? data_->coroutine_frames().at(*module, destroy_function) : nullptr;
}

std::optional<int64_t> DebugTypes::virtual_base_offset(uint64_t object, const TypeMember& base) const {
  const std::optional<uint64_t> vtable = data_->image.word(object);
  if (!vtable || !base.is_virtual_base || base.vtable_offset == 0) return std::nullopt;
  const uint64_t place = *vtable + static_cast<uint64_t>(base.vtable_offset);
  if (const auto offset = data_->image.word(place)) return static_cast<int64_t>(*offset);
  const ModuleFiles* module = data_->module_at(place);
  if (!module || !module->main) return std::nullopt;
  const auto offset = module->main->word(place - module->bias());
  if (!offset) return std::nullopt;
  return static_cast<int64_t>(*offset);
}

std::vector<std::string> DebugTypes::warnings(const std::set<std::string>& modules_in_use) const {
  std::vector<std::string> warnings = data_->files.warnings(), without;
  size_t modules = 0;
  for (const ModuleFiles& module : data_->modules) {
    if (is_agent(module.module->path)) continue;
    ++modules;
    if (!module.warning.empty()) warnings.push_back(module.warning);
    if (module.lacks_dwarf && modules_in_use.contains(module.module->path)) without.push_back(module.module->path);
  }
  std::string missing = missing_debug_information(without, modules);
  if (!missing.empty()) warnings.push_back(std::move(missing));
  if (data_->map) warnings.insert(warnings.end(), data_->map->warnings().begin(), data_->map->warnings().end());
  return warnings;
}

}  // namespace reftally
