// What stands in the frame of a C++20 coroutine, from the debug information of the functions it begins with.
//
// g++ describes the frame as a class "_Z….Frame", the type of the parameter "frame_ptr" that these functions have; a
// local's name there ends with its scope and number: "buffer_1_4". clang without optimisation tells the place of each
// variable relative to that of its variable "__coro_frame"; with optimisation nothing is left to go by.
#pragma once

#include <deque>
#include <span>
#include <unordered_map>

#include "analyzer/image/source_lines.h"
#include "analyzer/image/type_builder.h"

namespace reftally {

class CoroutineFrames {
 public:
  CoroutineFrames(SourceLines& lines, TypeBuilder& types) : lines_(lines), types_(types) {}

  // The frame as a class, by an address in the function that resumes or destroys it; nullptr when unknown. The promise
  // and the parameters are members: they are there as long as the frame is. A local may be dead or not yet alive, so it
  // is a union with one member, of which nothing is told.
  const Type* at(const ModuleFiles& module, uint64_t address);

 private:
  bool read_gcc(Dwarf_Die* parameter, Type& frame);
  void read_clang(Dwarf_Die* function, Type& frame);
  void read_scope(Dwarf_Die* scope, std::span<const Dwarf_Op> place, Type& frame, int depth);
  void add(Type& frame, TypeMember member, bool is_alive);

  SourceLines& lines_;
  TypeBuilder& types_;
  std::deque<Type> made_;
  std::unordered_map<uint64_t, const Type*> by_function_;  // by address
};

}  // namespace reftally
