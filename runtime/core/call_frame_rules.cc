#include "runtime/core/call_frame_rules.h"

#include <cstring>

#include "runtime/core/unwind_table.h"

namespace reftally::runtime {
namespace {

constexpr uint64_t kRegisterBp = 6, kRegisterSp = 7, kRegisterReturnAddress = 16;  // DWARF numbers, x86-64 psABI

class Bytes {
 public:
  explicit Bytes(const uint8_t* at, const uint8_t* end = nullptr) : at_(at), end_(end) {}
  bool done() const { return at_ >= end_; }
  const uint8_t* position() const { return at_; }
  Bytes& skip(uint64_t count) {
    at_ += count;
    return *this;
  }
  template <class T>
  T fixed() {
    T value;
    memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  uint64_t pointer(uint8_t encoding) {  // its value alone: what it is relative to does not matter to a length
    switch (encoding & 7) {
      case 2:
        return fixed<uint16_t>();
      case 3:
        return fixed<uint32_t>();
      default:
        return fixed<uint64_t>();
    }
  }
  uint64_t unsigned_leb() {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      uint8_t byte = *at_++;
      if (shift < 64) value |= uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) return value;
    }
  }
  int64_t signed_leb() {
    int64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
      byte = *at_++;
      if (shift < 64) value |= static_cast<int64_t>(uint64_t{byte & 0x7fu} << shift);
      shift += 7;
    } while ((byte & 0x80) != 0);
    if (shift < 64 && (byte & 0x40) != 0) value |= -(int64_t{1} << shift);
    return value;
  }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
};

struct State {
  uint64_t cfa_register = 0;
  int64_t cfa_offset = 0;
  enum { kRegister, kDereference, kUnknown } cfa_kind = kUnknown;
  FrameRule::BpKind bp_kind = FrameRule::kBpSame;
  int64_t bp_offset = 0;
  bool outermost = false;  // return address undefined
  bool lost = false;       // the return address or rbp is where we do not look
};

// What the common information entry says for all its functions.
struct Common {
  uint64_t code_factor = 1;
  int64_t data_factor = 1;
  bool has_augmentation = false, is_signal_frame = false;
  uint8_t pointer_encoding = 0;  // DW_EH_PE_…
  const uint8_t* instructions = nullptr;
  const uint8_t* end = nullptr;
};

uint32_t pointer_size(uint8_t encoding) {
  switch (encoding & 7) {
    case 2:
      return 2;
    case 3:
      return 4;
    default:
      return 8;
  }
}

Common read_common(const uint8_t* entry) {
  Common common;
  Bytes bytes(entry);
  common.end = entry + 4 + bytes.fixed<uint32_t>();
  bytes.skip(4 + 1);  // CIE id, version
  const char* augmentation = reinterpret_cast<const char*>(bytes.position());
  bytes.skip(strlen(augmentation) + 1);
  common.code_factor = bytes.unsigned_leb();
  common.data_factor = bytes.signed_leb();
  bytes.unsigned_leb();  // return address register
  common.instructions = bytes.position();
  common.has_augmentation = augmentation[0] == 'z';
  if (!common.has_augmentation) return common;
  const uint64_t length = bytes.unsigned_leb();
  common.instructions = bytes.position() + length;
  for (const char* letter = augmentation + 1; *letter != '\0'; letter++) {
    if (*letter == 'R') common.pointer_encoding = bytes.fixed<uint8_t>();
    if (*letter == 'L') bytes.skip(1);
    if (*letter == 'P') bytes.skip(pointer_size(bytes.fixed<uint8_t>()));
    if (*letter == 'S') common.is_signal_frame = true;
  }
  return common;
}

// Runs call frame instructions until the row that covers `pc`. Only what concerns the CFA, rbp and the return address
// is kept.
class Interpreter {
 public:
  Interpreter(const Common& common, uint64_t pc) : common_(common), pc_(pc) {}
  State state;

  void keep_initial() {
    initial_ = state;
    depth_ = 0;
  }
  void run(const uint8_t* begin, const uint8_t* end, uint64_t location) {
    Bytes bytes(begin, end);
    location_ = location;
    while (!bytes.done() && !past_) step(bytes);
  }

 private:
  void step(Bytes& bytes) {
    const uint8_t opcode = bytes.fixed<uint8_t>();
    const uint8_t low = opcode & 0x3f;
    switch (opcode & 0xc0) {
      case 0x40:
        return advance(low);  // DW_CFA_advance_loc
      case 0x80:
        return set_offset(low, static_cast<int64_t>(bytes.unsigned_leb()) * common_.data_factor);  // DW_CFA_offset
      case 0xc0:
        return restore(low);  // DW_CFA_restore
      default:
        return extended(low, bytes);
    }
  }

  void extended(uint8_t opcode, Bytes& bytes) {
    switch (opcode) {
      case 0x00:
        return;  // nop
      case 0x01:
        return move_to(bytes.fixed<uint64_t>());  // set_loc
      case 0x02:
        return advance(bytes.fixed<uint8_t>());  // advance_loc1
      case 0x03:
        return advance(bytes.fixed<uint16_t>());  // advance_loc2
      case 0x04:
        return advance(bytes.fixed<uint32_t>());  // advance_loc4
      case 0x05: {                                // offset_extended
        uint64_t reg = bytes.unsigned_leb();
        return set_offset(reg, static_cast<int64_t>(bytes.unsigned_leb()) * common_.data_factor);
      }
      case 0x06:
        return restore(bytes.unsigned_leb());  // restore_extended
      case 0x07:
        return undefined(bytes.unsigned_leb());  // undefined
      case 0x08:
        return same_value(bytes.unsigned_leb());  // same_value
      case 0x09:                                  // register
        lose(bytes.unsigned_leb());
        bytes.unsigned_leb();
        return;
      case 0x0a:
        return remember();  // remember_state
      case 0x0b:
        return recall();  // restore_state
      case 0x0c: {        // def_cfa
        uint64_t reg = bytes.unsigned_leb();
        return define_cfa(reg, static_cast<int64_t>(bytes.unsigned_leb()));
      }
      case 0x0d:
        return define_cfa(bytes.unsigned_leb(), state.cfa_offset);  // def_cfa_register
      case 0x0e:
        state.cfa_offset = static_cast<int64_t>(bytes.unsigned_leb());
        return;  // def_cfa_offset
      case 0x0f:
        return define_cfa_expression(bytes);  // def_cfa_expression
      case 0x10:
        return set_expression(bytes);  // expression
      case 0x11: {                     // offset_extended_sf
        uint64_t reg = bytes.unsigned_leb();
        return set_offset(reg, bytes.signed_leb() * common_.data_factor);
      }
      case 0x12: {  // def_cfa_sf
        uint64_t reg = bytes.unsigned_leb();
        return define_cfa(reg, bytes.signed_leb() * common_.data_factor);
      }
      case 0x13:
        state.cfa_offset = bytes.signed_leb() * common_.data_factor;
        return;  // def_cfa_offset_sf
      case 0x14:
      case 0x15:  // val_offset, val_offset_sf
        lose(bytes.unsigned_leb());
        bytes.signed_leb();
        return;
      case 0x16:  // val_expression
        lose(bytes.unsigned_leb());
        bytes.skip(bytes.unsigned_leb());
        return;
      case 0x2e:
        bytes.unsigned_leb();
        return;  // GNU_args_size
      default:
        past_ = true;
        state.cfa_kind = State::kUnknown;
        return;
    }
  }

  void advance(uint64_t delta) { move_to(location_ + delta * common_.code_factor); }
  void move_to(uint64_t location) {
    location_ = location;
    past_ = location_ > pc_;
  }
  void lose(uint64_t reg) {
    if (reg == kRegisterBp || reg == kRegisterReturnAddress) state.lost = true;
  }
  void set_offset(uint64_t reg, int64_t offset) {
    if (reg == kRegisterReturnAddress && offset != -8) lose(reg);
    if (reg != kRegisterBp) return;
    state.bp_kind = FrameRule::kBpAtCfa;
    state.bp_offset = offset;
  }
  void restore(uint64_t reg) {
    if (reg != kRegisterBp) return;
    state.bp_kind = initial_.bp_kind;
    state.bp_offset = initial_.bp_offset;
  }
  void undefined(uint64_t reg) {
    if (reg == kRegisterReturnAddress) state.outermost = true;
  }
  void same_value(uint64_t reg) {
    if (reg == kRegisterBp) state.bp_kind = FrameRule::kBpSame;
  }
  void remember() {
    if (depth_ < kMaxDepth) remembered_[depth_] = state;
    depth_++;
  }
  void recall() {
    if (depth_ == 0) return;
    depth_--;
    if (depth_ < kMaxDepth) state = remembered_[depth_];
  }
  void define_cfa(uint64_t reg, int64_t offset) {
    state.cfa_kind = State::kRegister;
    state.cfa_register = reg;
    state.cfa_offset = offset;
  }
  // Two expressions occur in compiled code: DW_OP_breg6 n, DW_OP_deref (realigned stacks), and those of .plt, which we
  // leave.
  void define_cfa_expression(Bytes& bytes) {
    const uint64_t length = bytes.unsigned_leb();
    Bytes expression(bytes.position());
    bytes.skip(length);
    state.cfa_kind = State::kUnknown;
    if (expression.fixed<uint8_t>() != 0x70 + kRegisterBp) return;
    int64_t offset = expression.signed_leb();
    if (expression.fixed<uint8_t>() != 0x06 || expression.position() != bytes.position()) return;
    state.cfa_kind = State::kDereference;
    state.cfa_offset = offset;
  }
  void set_expression(Bytes& bytes) {
    const uint64_t reg = bytes.unsigned_leb(), length = bytes.unsigned_leb();
    Bytes expression(bytes.position());
    bytes.skip(length);
    if (reg != kRegisterBp || expression.fixed<uint8_t>() != 0x70 + kRegisterBp) return lose(reg);
    state.bp_kind = FrameRule::kBpAtBp;
    state.bp_offset = expression.signed_leb();
    if (expression.position() != bytes.position()) lose(reg);
  }

  static constexpr uint32_t kMaxDepth = 8;
  const Common& common_;
  const uint64_t pc_;
  uint64_t location_ = 0;
  bool past_ = false;
  State initial_;
  State remembered_[kMaxDepth];
  uint32_t depth_ = 0;
};

FrameRule to_rule(const State& state) {
  FrameRule rule;
  if (state.outermost || state.lost) return rule;
  if (state.cfa_kind == State::kDereference)
    rule.base = FrameRule::kDereferenceBp;
  else if (state.cfa_kind == State::kRegister && state.cfa_register == kRegisterSp)
    rule.base = FrameRule::kSp;
  else if (state.cfa_kind == State::kRegister && state.cfa_register == kRegisterBp)
    rule.base = FrameRule::kBp;
  rule.cfa_offset = state.cfa_offset;
  rule.bp_kind = state.bp_kind;
  rule.bp_offset = state.bp_offset;
  return rule;
}

}  // namespace

FrameRule frame_rule(uint64_t pc) noexcept {
  const FrameDescription description = find_frame_description(pc);
  if (description.entry == nullptr) return {};
  Bytes bytes(description.entry);
  const uint8_t* end = description.entry + 4 + bytes.fixed<uint32_t>();
  const uint8_t* id_field = bytes.position();
  const Common common = read_common(id_field - bytes.fixed<int32_t>());
  const uint64_t function_size = bytes.skip(pointer_size(common.pointer_encoding)).pointer(common.pointer_encoding);
  if (pc - description.function >= function_size) return {};  // between two functions
  if (common.is_signal_frame) return {FrameRule::kSignalFrame};
  if (common.has_augmentation) bytes.skip(bytes.unsigned_leb());
  Interpreter interpreter(common, pc);
  interpreter.run(common.instructions, common.end, 0);
  interpreter.keep_initial();
  interpreter.run(bytes.position(), end, description.function);
  FrameRule rule = to_rule(interpreter.state);
  rule.function = static_cast<uint32_t>(description.function);
  return rule;
}

}  // namespace reftally::runtime
