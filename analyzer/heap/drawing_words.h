// The words of a drawing, shared by its reader and its writer.
#pragma once

#include <cstdint>
#include <string_view>

#include "analyzer/heap/heap.h"

namespace reftally {

template <class Value>
struct DrawingWord {
  std::string_view word;
  Value value;
};

inline constexpr DrawingWord<RootKind> kRootWords[] = {
    {"static", RootKind::kStatic},
    {"thread_local", RootKind::kThreadLocal},
    {"stack", RootKind::kStack},
    {"register", RootKind::kRegister},
    {"frame", RootKind::kFrame},
    {"external", RootKind::kExternal},
    {"pinned", RootKind::kPinned},
    {"cache", RootKind::kCache},
    {"call_context", RootKind::kCallContext},
};

inline constexpr DrawingWord<FlavourId> kFlavourWords[] = {
    {"block", FlavourId::kBlock},       {"shared_ptr", FlavourId::kSharedPtr}, {"intrusive", FlavourId::kIntrusive},
    {"declared", FlavourId::kDeclared}, {"python", FlavourId::kPython},        {"gobject", FlavourId::kGObject},
};

inline constexpr DrawingWord<uint32_t> kObjectFlagWords[] = {
    {"immortal", dump::kObjectImmortal},         {"tracked", dump::kObjectTracked},
    {"finalized", dump::kObjectFinalized},       {"weak_referenced", dump::kObjectWeakReferenced},
    {"released", dump::kObjectReleased},         {"uncounted", dump::kObjectUncounted},
    {"finalizer", dump::kObjectHasFinalizer},    {"doubtful_count", kObjectCountIsDoubtful},
    {"untyped_holder", kObjectHasUntypedHolder}, {"in_hand", kObjectInHand}};

inline constexpr DrawingWord<uint32_t> kTypeFlagWords[] = {
    {"finalizer", dump::kTypeHasFinalizer}, {"legacy_finalizer", dump::kTypeLegacyFinalizer},
    {"collected", dump::kTypeCollected},    {"traverse", dump::kTypeHasTraverse},
    {"clear", dump::kTypeHasClear},         {"heap_type", dump::kTypeHeapType}};

// Longest first: "=?" before "=".
inline constexpr DrawingWord<ReferenceKind> kShaftWords[] = {{"=?", ReferenceKind::kAmbiguous},
                                                             {"=", ReferenceKind::kStrong},
                                                             {"~", ReferenceKind::kWeak},
                                                             {"-", ReferenceKind::kRaw}};

inline constexpr DrawingWord<Certainty> kMarkWords[] = {
    {"!", Certainty::kExact}, {"+", Certainty::kCounted}, {"*", Certainty::kConservative}};

constexpr Certainty unmarked_certainty(ReferenceKind kind) {
  return kind == ReferenceKind::kStrong || kind == ReferenceKind::kWeak ? Certainty::kExact : Certainty::kConservative;
}

template <class Value, size_t N>
constexpr std::string_view word_of(Value value, const DrawingWord<Value> (&words)[N]) {
  for (const auto& row : words)
    if (row.value == value) return row.word;
  return {};
}

inline constexpr uint64_t kDrawnSize = 16;
constexpr uint64_t drawn_address(uint32_t object) { return 0x1000 * (uint64_t{object} + 1); }

struct LabelText {
  std::string_view owner, path;
};
// Splits unquoted "Session<a::b>::routes_[]" at the last "::" outside brackets.
LabelText split_label(std::string_view text);

}  // namespace reftally
