// Names of places on a stopped thread's stack and in its registers: the function, and its variable there as far as
// DWARF locations tell.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/image/source_lines.h"
#include "analyzer/image/thread_frames.h"
#include "analyzer/image/type_builder.h"

namespace reftally {

class StackPlaces {
 public:
  // What symbols say of a function without DWARF.
  using NameFunction = std::function<std::string(uint64_t address)>;
  StackPlaces(const Image& image, ThreadUnwinder::FindModule find_module, NameFunction name_function,
              SourceLines& lines, TypeBuilder& types)
      : image_(image),
        find_module_(find_module),
        name_function_(std::move(name_function)),
        lines_(lines),
        types_(types),
        unwinder_(image, std::move(find_module)) {}

  // "run(): sessions[2].next_"; "run() + 0x18", from its sp; "below run()", where a leaf function may use it; or empty
  // when the frame is not known.
  std::string at(uint32_t thread, uint64_t address);
  bool runs(uint32_t thread, std::span<const std::string_view> functions);  // one of them has not returned
  std::string in_register(uint32_t thread, uint64_t number);
  std::vector<LocalVariable> in_memory(uint32_t thread);  // innermost call first

 private:
  struct FrameVariable {
    uint64_t begin = 0, end = 0;  // memory; or
    uint64_t number = 0;          // a register that no inner frame has saved
    bool is_register = false;
    std::string name, function;
    const Type* type = nullptr;
  };
  struct Frame {
    ThreadFrame frame;
    std::string function;
  };
  struct Thread {
    std::vector<Frame> frames;
    std::vector<FrameVariable> variables;  // innermost frame first
  };

  const Thread& thread(uint32_t index);
  void read_variables(const ThreadFrame& frame, Thread& thread);
  struct Scope;
  void read_scope(Dwarf_Die* die, const Scope& scope, Thread& thread, int depth);
  void read_variable(Dwarf_Die* die, const Scope& scope, Thread& thread);

  const Image& image_;
  ThreadUnwinder::FindModule find_module_;
  NameFunction name_function_;
  SourceLines& lines_;
  TypeBuilder& types_;
  ThreadUnwinder unwinder_;
  std::unordered_map<uint32_t, Thread> threads_;
};

// "ns::Pool<int>::run()" for "void ns::Pool<int>::run(std::vector<int>) const": what tells functions apart in a list.
std::string function_title(std::string_view demangled);

}  // namespace reftally
