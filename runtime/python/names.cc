#include "runtime/python/names.h"

namespace reftally::python {
namespace {

uint64_t at(int32_t offset) { return static_cast<uint64_t>(offset); }

void add_integer(runtime::Text& out, int64_t value) noexcept {
  if (value < 0) out.add("-");
  out.add(static_cast<uint64_t>(value < 0 ? -value : value));
}

ObjectName place_of(Address code) noexcept {
  const Layout& layout = *python.layout;
  if (code == 0 || type_of(code) != python.types.code) return {0, 0, true};
  return {pointer_at(code + at(layout.code_filename)),
          static_cast<uint32_t>(read<int32_t>(code + at(layout.code_first_line))), true};
}

// Without the module a function's name says too little; a module's globals tell it, but __module__ is nearer.
ObjectName describe_function(Address function, runtime::Text& out) noexcept {
  const Layout& layout = *python.layout;
  if (add_text(out, pointer_at(function + at(layout.function_module)))) out.add(".");
  add_text(out, pointer_at(function + at(layout.function_qualname)));
  return place_of(pointer_at(function + at(layout.function_code)));
}

ObjectName describe_generator(Address generator, runtime::Text& out) noexcept {
  const Layout& layout = *python.layout;
  add_text(out, pointer_at(generator + at(layout.generator_qualname)));
  if (layout.generator_code != kAbsent) return place_of(pointer_at(generator + at(layout.generator_code)));
  const auto state = read<int8_t>(generator + at(layout.generator_state));
  if (state > 0) return {0, 0, true};
  return place_of(pointer_at(generator + at(layout.generator_frame) + at(layout.frame_code)));
}

ObjectName describe_frame_object(Address object, runtime::Text& out) noexcept {
  const Layout& layout = *python.layout;
  const Address frame = layout.frame_function == kAbsent ? object : pointer_at(object + at(layout.frame_object_frame));
  const Address code = frame != 0 ? view_frame(frame).code : 0;
  if (code == 0) return {};
  add_code_name(out, code);
  return place_of(code);
}

}  // namespace

void add_code_name(runtime::Text& out, Address code) noexcept {
  const Layout& layout = *python.layout;
  if (layout.code_qualname == kAbsent || !add_text(out, pointer_at(code + at(layout.code_qualname))))
    add_text(out, pointer_at(code + at(layout.code_name)));
}

void describe_key(Address key, runtime::Text& out) noexcept {
  const Address type = type_of(key);
  if (add_text(out, key)) return;
  bool fits = false;
  if (type == python.types.integer) {
    const int64_t value = small_integer(key, fits);
    if (fits) return add_integer(out, value);
  }
  if (key == python.none) {
    out.add("None");
    return;
  }
  out.add("<");
  type_name((type_flags(type) & kFlagType) != 0 ? key : type, out);
  out.add(">");
}

void describe_frame(const FrameView& frame, uint32_t thread, runtime::Text& out) noexcept {
  const Layout& layout = *python.layout;
  out.add("thread ").add(thread).add(", frame ");
  add_code_name(out, frame.code);
  out.add(" (");
  char path[512];
  size_t length = copy_text(pointer_at(frame.code + at(layout.code_filename)), path, sizeof path);
  size_t base = length;
  while (base > 0 && path[base - 1] != '/') base--;
  out.add(path + base, length - base);
  const int line = frame_line(frame);
  if (line > 0) out.add(":").add(static_cast<uint64_t>(line));
  out.add(")");
}

ObjectName describe_object(Address object, const TypeInfo& type, runtime::Text& out) noexcept {
  switch (type.shape) {
    case Shape::kType:
      type_name(object, out);
      return {0, 0, true};
    case Shape::kFunction:
      return describe_function(object, out);
    case Shape::kGenerator:
      return describe_generator(object, out);
    case Shape::kFrame:
      return describe_frame_object(object, out);
    default:
      break;
  }
  if (type.type == python.types.module) return {0, 0, add_text(out, pointer_at(object + kModuleName))};
  if (type.type == python.types.builtin) {
    out.add(reinterpret_cast<const char*>(pointer_at(pointer_at(object + 16))));  // m_ml->ml_name
    return {0, 0, true};
  }
  return {};
}

}  // namespace reftally::python
