#include "analyzer/image/coroutine_frames.h"

#include <dwarf.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>

namespace reftally {

namespace {

using Expression = std::span<const Dwarf_Op>;

Expression location(Dwarf_Die* die) {
  Dwarf_Attribute attribute;
  Dwarf_Op* operations = nullptr;
  size_t count = 0;
  if (!dwarf_attr_integrate(die, DW_AT_location, &attribute)) return {};
  if (dwarf_getlocation(&attribute, &operations, &count) != 0) return {};
  return {operations, count};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "buffer" of "buffer_1_4"; nothing of a name that does not end so.
std::optional<std::string> name_of_local(const std::string& name) {
  size_t end = name.size();
  for (int part = 0; part < 2; ++part) {
    const size_t digits = end;
    while (end > 0 && is_digit(name[end - 1])) --end;
    if (end == digits || end < 2 || name[end - 1] != '_') return std::nullopt;
    --end;
  }
  return name.substr(0, end);
}

// How far behind the frame's begin a variable stands, given how the frame itself is found: the same, then an offset.
std::optional<uint64_t> offset_from(Expression frame, Expression variable) {
  const auto same = [](const Dwarf_Op& a, const Dwarf_Op& b) { return a.atom == b.atom && a.number == b.number; };
  if (frame.empty() || variable.size() != frame.size() + 1 || variable.back().atom != DW_OP_plus_uconst) return {};
  if (!std::equal(frame.begin(), frame.end(), variable.begin(), same)) return std::nullopt;
  return variable.back().number;
}

}  // namespace

const Type* CoroutineFrames::at(const ModuleFiles& module, uint64_t address) {
  auto [found, added] = by_function_.emplace(address, nullptr);
  if (!added) return found->second;
  Dwarf_Die function;
  if (!lines_.function_at(module, address, &function)) return nullptr;
  Type frame;
  frame.kind = Type::Kind::kClass;
  bool is_gcc = false;
  for_each_child(&function, [&](Dwarf_Die* child) {
    const char* name = dwarf_tag(child) == DW_TAG_formal_parameter ? dwarf_diename(child) : nullptr;
    if (name && std::strcmp(name, "frame_ptr") == 0) is_gcc |= read_gcc(child, frame);
  });
  if (!is_gcc) read_clang(&function, frame);
  if (frame.members.empty()) return nullptr;
  std::sort(frame.members.begin(), frame.members.end(),
            [](const TypeMember& a, const TypeMember& b) { return a.offset < b.offset; });
  made_.push_back(std::move(frame));
  return by_function_[address] = &made_.back();
}

bool CoroutineFrames::read_gcc(Dwarf_Die* parameter, Type& frame) {
  Dwarf_Die declaration = declaration_of(*parameter);
  const Type* pointer = types_.type_of(&declaration);
  const Type* type = pointer && pointer->kind == Type::Kind::kPointer ? pointer->target : nullptr;
  if (!type || type->members.empty() || type->members.front().name != "_Coro_resume_fn") return false;
  for (const TypeMember& member : type->members) {
    if (member.name == "_Coro_promise") {
      TypeMember promise = member;
      promise.name = "promise";
      add(frame, std::move(promise), true);
    } else if (std::optional<std::string> local = name_of_local(member.name)) {
      TypeMember variable = member;
      variable.name = std::move(*local);
      add(frame, std::move(variable), false);
    } else if (!member.name.starts_with("_Coro_")) {
      add(frame, member, true);
    }
  }
  return true;
}

void CoroutineFrames::read_clang(Dwarf_Die* function, Type& frame) {
  Expression place;
  for_each_child(function, [&](Dwarf_Die* child) {
    const char* name = dwarf_tag(child) == DW_TAG_variable ? dwarf_diename(child) : nullptr;
    if (name && std::strcmp(name, "__coro_frame") == 0) place = location(child);
  });
  if (!place.empty()) read_scope(function, place, frame, 0);
}

void CoroutineFrames::read_scope(Dwarf_Die* scope, std::span<const Dwarf_Op> place, Type& frame, int depth) {
  constexpr int kDeepestScope = 32;
  for_each_child(scope, [&](Dwarf_Die* child) {
    const int tag = dwarf_tag(child);
    if (tag == DW_TAG_lexical_block && depth < kDeepestScope) return read_scope(child, place, frame, depth + 1);
    const char* name = tag == DW_TAG_formal_parameter || tag == DW_TAG_variable ? dwarf_diename(child) : nullptr;
    const std::optional<uint64_t> offset = name ? offset_from(place, location(child)) : std::nullopt;
    if (!offset) return;
    Dwarf_Die declaration = declaration_of(*child);
    TypeMember member;
    member.name = std::strcmp(name, "__promise") == 0 ? "promise" : name;
    member.offset = *offset;
    member.type = types_.type_of(&declaration);
    add(frame, std::move(member), tag == DW_TAG_formal_parameter || member.name == "promise");
  });
}

void CoroutineFrames::add(Type& frame, TypeMember member, bool is_alive) {
  if (!member.type || member.type->size == 0) return;
  frame.size = std::max(frame.size, member.offset + member.type->size);
  if (!is_alive) {
    Type& perhaps = made_.emplace_back();
    perhaps.kind = Type::Kind::kUnion;
    perhaps.size = member.type->size;
    perhaps.members.push_back({.name = "", .offset = 0, .type = member.type});
    member.type = &perhaps;
  }
  frame.members.push_back(std::move(member));
}

}  // namespace reftally
