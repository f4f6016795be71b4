#include "analyzer/image/code_calls.h"

namespace reftally {

namespace {

// Of "ff /2", a call, and "ff /4", a jump.
bool is_by_pointer(uint8_t operand) {
  const int operation = operand >> 3 & 7;
  return operation == 2 || operation == 4;
}

}  // namespace

bool CodeCalls::read_call(Code code, uint64_t address, CodeCall& call) const {
  call.address = address;
  if (code[0] == 0xff) {
    call.is_by_pointer = is_by_pointer(code[1]);
    if (call.is_by_pointer) call.import = code_.import_called_at(address);
    return call.is_by_pointer;
  }
  const bool is_condition = code[0] == 0x0f && (code[1] & 0xf0) == 0x80;
  if (is_condition) code = code.subspan(1), ++address;
  if (code.size() < 5 || (!is_condition && code[0] != kCallOpcode && code[0] != kJumpOpcode)) return false;
  if (!is_condition) call.import = code_.import_called_at(address);
  if (!call.import.empty()) return true;
  call.target = direct_target(code, address);
  const Symbol* function = function_at(call.target);
  if (!function || function->size == 0) return false;
  const bool is_begin = call.target == function->address - bias_;
  if (!is_begin && std::string_view(function->name).find(".cold") == std::string_view::npos) return false;
  call.function = function;
  return true;
}

void CodeCalls::follow(const Symbol& function) {
  const uint64_t begin = function.address - bias_;
  if (known_.insert(begin).second) todo_.push_back({begin, begin + function.size});
}

}  // namespace reftally
