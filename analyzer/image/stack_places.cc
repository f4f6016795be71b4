#include "analyzer/image/stack_places.h"

#include <dwarf.h>
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/image/member_path.h"

namespace reftally {

namespace {

constexpr int kDeepestScope = 100;
constexpr uint64_t kRedZone = 128;  // below sp, used by leaf functions (x86-64 psABI, 3.2.2)

std::optional<Location> location_of(Dwarf_Die* die, unsigned attribute_name, uint64_t pc,
                                    const LocationContext& context) {
  Dwarf_Attribute attribute;
  Dwarf_Op* operations = nullptr;
  size_t count = 0;
  if (!dwarf_attr_integrate(die, attribute_name, &attribute)) return std::nullopt;
  if (dwarf_getlocation_addr(&attribute, pc, &operations, &count, 1) != 1 || count == 0) return std::nullopt;
  return evaluate({operations, count}, context);
}

// clang gives rbp itself as the frame base, g++ the CFA.
std::optional<uint64_t> frame_base(Dwarf_Die* function, uint64_t pc, const LocationContext& context) {
  const std::optional<Location> base = location_of(function, DW_AT_frame_base, pc, context);
  if (!base) return std::nullopt;
  if (base->kind != Location::kRegister) return base->number;
  if (!context.registers.has(base->number)) return std::nullopt;
  return context.registers.value[base->number];
}

size_t skip_operator(std::string_view name, size_t at) {
  constexpr std::string_view kOperator = "operator";
  if (!name.substr(at).starts_with(kOperator)) return at;
  at += kOperator.size();
  if (name.substr(at).starts_with("()")) return at + 2;
  while (at < name.size() && std::string_view("<>=-+*/!&|^%~,[]").find(name[at]) != std::string_view::npos) ++at;
  return at;
}

}  // namespace

std::string function_title(std::string_view name) {
  constexpr std::string_view kAnonymous = "(anonymous namespace)";
  size_t depth = 0, begin = 0;
  for (size_t at = 0; at < name.size(); ++at) {
    if (const size_t behind = skip_operator(name, at); behind != at) {
      at = behind;
      if (at >= name.size()) break;
    }
    const char c = name[at];
    if (c == '(' && depth == 0 && !name.substr(at).starts_with(kAnonymous))
      return std::string(name.substr(begin, at - begin)) + "()";
    if (c == '<' || c == '(' || c == '{' || c == '[') ++depth;
    if ((c == '>' || c == ')' || c == '}' || c == ']') && depth > 0) --depth;
    if (c == ' ' && depth == 0 && !name.substr(0, at).ends_with("operator")) begin = at + 1;  // behind the return type
  }
  return std::string(name) + "()";
}

struct StackPlaces::Scope {
  const LocationContext& context;
  uint64_t pc;  // without the module's bias
  std::string function;
};

const StackPlaces::Thread& StackPlaces::thread(uint32_t index) {
  auto [found, added] = threads_.try_emplace(index);
  if (!added) return found->second;
  for (const ThreadFrame& frame : unwinder_.frames(image_.threads[index])) {
    found->second.frames.push_back({frame, function_title(name_function_(frame.code))});
    read_variables(frame, found->second);
  }
  return found->second;
}

void StackPlaces::read_variables(const ThreadFrame& frame, Thread& thread) {
  const ModuleFiles* module = find_module_(frame.code);
  Dwarf_Die function;
  if (!module || !lines_.function_at(*module, frame.code, &function)) return;
  const uint64_t pc = frame.code - module->bias();
  LocationContext context{image_, frame.registers, frame.end, std::nullopt};
  context.frame_base = frame_base(&function, pc, context);
  thread.frames.back().function = function_title(lines_.function_name(&function));
  read_scope(&function, {context, pc, thread.frames.back().function}, thread, 0);
}

void StackPlaces::read_scope(Dwarf_Die* die, const Scope& scope, Thread& thread, int depth) {
  if (depth > kDeepestScope) return;
  for_each_child(die, [&](Dwarf_Die* child) {
    switch (dwarf_tag(child)) {
      case DW_TAG_formal_parameter:
      case DW_TAG_variable:
        return read_variable(child, scope, thread);
      case DW_TAG_lexical_block:
        if (dwarf_haspc(child, scope.pc) > 0) read_scope(child, scope, thread, depth + 1);
        return;
      case DW_TAG_inlined_subroutine:
        if (dwarf_haspc(child, scope.pc) > 0) {
          const Scope inlined{scope.context, scope.pc, function_title(lines_.function_name(child))};
          read_scope(child, inlined, thread, depth + 1);
        }
        return;
      default:
        return;
    }
  });
}

void StackPlaces::read_variable(Dwarf_Die* die, const Scope& scope, Thread& thread) {
  const char* name = dwarf_diename(die);
  const std::optional<Location> location = location_of(die, DW_AT_location, scope.pc, scope.context);
  if (!name || !location || location->kind == Location::kValue) return;
  Dwarf_Die declaration = declaration_of(*die);
  FrameVariable variable;
  variable.name = name;
  variable.function = scope.function;
  variable.type = types_.type_of(&declaration);
  if (!variable.type) return;
  variable.begin = location->number;
  if (location->kind == Location::kRegister) {
    if (!scope.context.registers.has(location->number)) return;
    variable.begin = scope.context.registers.saved_at[location->number];
    variable.is_register = variable.begin == 0;
    variable.number = location->number;
  }
  variable.end = variable.begin + std::max<uint64_t>(variable.type->size, 8);
  thread.variables.push_back(std::move(variable));
}

std::string StackPlaces::at(uint32_t index, uint64_t address) {
  const Thread& known = thread(index);
  for (const FrameVariable& variable : known.variables) {
    if (variable.is_register || address < variable.begin || address >= variable.end) continue;
    return variable.function + ": " + variable.name + member_path(*variable.type, address - variable.begin);
  }
  for (const Frame& frame : known.frames) {
    if (address >= frame.frame.begin && address < frame.frame.end)
      return fmt::format("{} + {:#x}", frame.function, address - frame.frame.begin);
  }
  if (known.frames.empty() || known.frames.front().frame.begin - address > kRedZone) return {};
  return "below " + known.frames.front().function;
}

bool StackPlaces::runs(uint32_t index, std::span<const std::string_view> functions) {
  constexpr std::string_view kInternal = "__GI_";  // glibc's debug information has its own names for what it exports
  return std::ranges::any_of(thread(index).frames, [&](const Frame& frame) {
    std::string_view name = frame.function;
    if (name.starts_with(kInternal)) name.remove_prefix(kInternal.size());
    return std::ranges::find(functions, name) != functions.end();
  });
}

std::vector<LocalVariable> StackPlaces::in_memory(uint32_t index) {
  std::vector<LocalVariable> found;
  for (const FrameVariable& variable : thread(index).variables)
    if (!variable.is_register) found.push_back({variable.function, variable.name, variable.begin, variable.type});
  return found;
}

std::string StackPlaces::in_register(uint32_t index, uint64_t number) {
  constexpr const char* kNames[] = {"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8",
                                    "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rip"};
  const Thread& known = thread(index);
  std::string text = kNames[number];
  for (const FrameVariable& variable : known.variables) {
    if (variable.is_register && variable.number == number)
      return text + ", " + variable.function + ": " + variable.name;
  }
  return text;
}

}  // namespace reftally
