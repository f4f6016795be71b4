// Types made by hand, as debug information would give them.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "analyzer/image/debug_types.h"

namespace reftally::test {

class TypeBuilder {
 public:
  const Type* integer(const std::string& name, uint64_t size) {
    return add({.kind = Type::Kind::kBase, .name = name, .short_name = name, .size = size});
  }
  const Type* pointer(const Type* target) {
    return add({.kind = Type::Kind::kPointer, .name = target->name + "*", .size = 8, .target = target});
  }
  const Type* array(const Type* target, uint64_t count) {
    return add({.kind = Type::Kind::kArray, .size = target->size * count, .target = target, .element_count = count});
  }
  const Type* structure(const std::string& name, uint64_t size, std::vector<TypeMember> members) {
    return add(
        {.kind = Type::Kind::kClass, .name = name, .short_name = name, .size = size, .members = std::move(members)});
  }
  // A class of one pointer with a destructor of its own.
  const Type* smart_pointer(const std::string& name, const Type* to) {
    return add({.kind = Type::Kind::kClass,
                .name = name,
                .short_name = name,
                .size = 8,
                .members = {{"object_", 0, pointer(to)}},
                .has_user_destructor = true});
  }
  const Type* union_of(uint64_t size) { return add({.kind = Type::Kind::kUnion, .size = size}); }

  const Type* library(const std::string& short_name, uint64_t size, std::vector<const Type*> arguments,
                      std::vector<TypeMember> members = {}) {
    return add({.kind = Type::Kind::kClass,
                .name = "std::" + short_name,
                .short_name = short_name,
                .scope = "std",
                .size = size,
                .members = std::move(members),
                .template_arguments = std::move(arguments)});
  }
  const Type* shared_ptr(const Type* to) { return library("shared_ptr<" + to->name + ">", 16, {to}); }
  const Type* weak_ptr(const Type* to) { return library("weak_ptr<" + to->name + ">", 16, {to}); }
  const Type* unique_ptr(const Type* to) { return library("unique_ptr<" + to->name + ">", 8, {to}); }
  const Type* vector(const Type* of) {
    const Type* word = integer("unsigned long", 8);
    const Type* impl = library("_Vector_impl", 24, {},
                               {{"_M_start", 0, word}, {"_M_finish", 8, word}, {"_M_end_of_storage", 16, word}});
    return library("vector<" + of->name + ">", 24, {of}, {{"_M_impl", 0, impl}});
  }
  const Type* list(const Type* of) {
    const Type* impl = library("_List_impl", 24, {}, {{"_M_node", 0, integer("unsigned long", 8)}});
    return library("list<" + of->name + ">", 24, {of}, {{"_M_impl", 0, impl}});
  }
  const Type* optional(const Type* of) {
    const Type* payload = library("_Optional_payload", of->size + 8, {},
                                  {{"_M_payload", 0, of}, {"_M_engaged", of->size, integer("bool", 1)}});
    return library("optional<" + of->name + ">", of->size + 8, {of}, {{"_M_payload", 0, payload}});
  }
  const Type* variant(std::vector<const Type*> alternatives, uint64_t storage) {
    return library("variant<…>", storage + 8, std::move(alternatives),
                   {{"_M_u", 0, union_of(storage)}, {"_M_index", storage, integer("unsigned char", 1)}});
  }
  // Of std::regex: `matcher` stands for the function that the union may be.
  const Type* regex_state(const Type* matcher) {
    const Type* room = library("__aligned_membuf<…>", 32, {matcher});
    const Type* either = add({.kind = Type::Kind::kUnion, .size = 32, .members = {{"_M_matcher_storage", 0, room}}});
    const Type* base = library("_State_base", 48, {}, {{"_M_opcode", 0, integer("int", 4)}, {"", 16, either}});
    TypeMember inherited{"_State_base", 0, base};
    inherited.is_base = true;
    return add({.kind = Type::Kind::kClass,
                .name = "std::__detail::_State<char>",
                .short_name = "_State<char>",
                .scope = "std::__detail",
                .size = 48,
                .members = {inherited}});
  }

 private:
  const Type* add(Type type) { return &types_.emplace_back(std::move(type)); }
  std::deque<Type> types_;
};

}  // namespace reftally::test
