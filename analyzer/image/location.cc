#include "analyzer/image/location.h"

#include <dwarf.h>

#include <vector>

namespace reftally {

namespace {

class Evaluation {
 public:
  explicit Evaluation(const LocationContext& context) : context_(context) {}

  bool step(const Dwarf_Op& op) {
    if (op.atom >= DW_OP_lit0 && op.atom <= DW_OP_lit31) return push(op.atom - DW_OP_lit0);
    if (op.atom >= DW_OP_breg0 && op.atom <= DW_OP_breg31) return push_register(op.atom - DW_OP_breg0, op.number);
    switch (op.atom) {
      case DW_OP_bregx:
        return push_register(op.number, op.number2);
      case DW_OP_fbreg:
        return context_.frame_base && push(*context_.frame_base + op.number);
      case DW_OP_call_frame_cfa:
        return context_.frame_address && push(*context_.frame_address);
      case DW_OP_addr:
      case DW_OP_const1u:
      case DW_OP_const2u:
      case DW_OP_const4u:
      case DW_OP_const8u:
      case DW_OP_constu:
      case DW_OP_const1s:
      case DW_OP_const2s:
      case DW_OP_const4s:
      case DW_OP_const8s:
      case DW_OP_consts:
        return push(op.number);
      case DW_OP_plus_uconst:
        return !stack_.empty() && push(pop() + op.number);
      case DW_OP_deref:
        return !stack_.empty() && push(context_.image.word(pop()));
      case DW_OP_plus:
      case DW_OP_minus:
      case DW_OP_and:
        return stack_.size() > 1 && combine(op.atom);
      default:
        return false;
    }
  }
  std::optional<uint64_t> top() const { return stack_.empty() ? std::nullopt : std::optional(stack_.back()); }

 private:
  bool push(std::optional<uint64_t> value) {
    if (value) stack_.push_back(*value);
    return value.has_value();
  }
  bool push_register(uint64_t n, uint64_t offset) {
    return context_.registers.has(n) && push(context_.registers.value[n] + offset);
  }
  uint64_t pop() {
    const uint64_t value = stack_.back();
    stack_.pop_back();
    return value;
  }
  bool combine(uint8_t atom) {
    const uint64_t right = pop(), left = pop();
    return push(atom == DW_OP_plus ? left + right : atom == DW_OP_minus ? left - right : left & right);
  }

  const LocationContext& context_;
  std::vector<uint64_t> stack_;
};

}  // namespace

std::optional<Location> evaluate(std::span<const Dwarf_Op> operations, const LocationContext& context) {
  if (operations.size() == 1) {
    const Dwarf_Op& only = operations[0];
    if (only.atom >= DW_OP_reg0 && only.atom <= DW_OP_reg31)
      return Location{Location::kRegister, static_cast<uint64_t>(only.atom - DW_OP_reg0)};
    if (only.atom == DW_OP_regx) return Location{Location::kRegister, only.number};
  }
  Evaluation evaluation(context);
  Location::Kind kind = Location::kMemory;
  for (const Dwarf_Op& operation : operations) {
    if (operation.atom == DW_OP_stack_value) {
      kind = Location::kValue;
    } else if (!evaluation.step(operation)) {
      return std::nullopt;
    }
  }
  const std::optional<uint64_t> top = evaluation.top();
  if (!top) return std::nullopt;
  return Location{kind, *top};
}

}  // namespace reftally
