#include "analyzer/image/shared_this_calls.h"

#include <algorithm>
#include <string>

namespace reftally {

namespace {

constexpr int kDeepestBase = 16;
constexpr int kMostSlots = 256;  // of a vtable
constexpr uint64_t kCallSize = 5;

// The class, and what a base of it is enable_shared_from_this of; false where none is.
bool collect_classes(const Type& type, std::vector<const Type*>& classes, int depth = 0) {
  bool found = false;
  for (const TypeMember& member : type.members) {
    if (!member.is_base || !member.type || depth > kDeepestBase) continue;
    const Type& base = *member.type;
    const bool is_it = base.template_name() == "enable_shared_from_this" && !base.template_arguments.empty();
    if (is_it) classes.push_back(base.template_arguments[0]);
    found |= is_it || collect_classes(base, classes, depth + 1);
  }
  if (depth == 0) classes.push_back(&type);
  return found;
}

// "7Session", as mangled names have it.
std::string mangled_part(const Type& type) {
  const std::string name(type.template_name());
  return std::to_string(name.size()) + name;
}

// Destructors, and what a control block of libstdc++, libc++ and Boost calls them from.
bool destroys(std::string_view function) {
  constexpr std::string_view kEnds[] = {"D0Ev", "D1Ev", "10_M_disposeEv", "16__on_zero_sharedEv", "7disposeEv"};
  return std::any_of(std::begin(kEnds), std::end(kEnds), [&](std::string_view end) { return function.ends_with(end); });
}

class Judge {
 public:
  Judge(const Type& type, const std::function<std::vector<SourceFrame>(uint64_t)>& frames) : frames_(frames) {
    std::vector<const Type*> classes;
    may_ = collect_classes(type, classes);
    for (const Type* one : classes) {
      parts_.push_back(mangled_part(*one));
      functions_.push_back("enable_shared_from_this<" + one->name + ">::shared_from_this");
    }
  }

  bool may_be() const { return may_; }
  std::optional<SourceFrame> found() const { return found_; }

  CallAnswer operator()(const CodeCall& call) {
    const std::string_view name = call.function ? std::string_view(call.function->name) : call.import;
    const bool is_its = tells_of_class(name);
    if (is_its && name.find("16shared_from_this") != name.npos) return take(call);
    if (is_inlined_at(call)) return take(call);  // what it calls to count, or to throw
    return is_its ? CallAnswer::kFollow : CallAnswer::kPass;
  }

 private:
  bool tells_of_class(std::string_view name) const {
    return std::any_of(parts_.begin(), parts_.end(), [&](const std::string& part) {
      const size_t at = name.find(part);
      return at != name.npos && (at == 0 || name[at - 1] < '0' || name[at - 1] > '9');
    });
  }

  bool is_inlined_at(const CodeCall& call) const {
    const std::vector<SourceFrame> frames = frames_(call.address + kCallSize);
    return std::any_of(frames.begin(), frames.end(), [&](const SourceFrame& frame) {
      return std::any_of(functions_.begin(), functions_.end(), [&](const std::string& function) {
        return frame.function.find(function) != frame.function.npos;
      });
    });
  }

  CallAnswer take(const CodeCall& call) {
    const std::vector<SourceFrame> frames = frames_(call.address + kCallSize);
    const auto own = std::find_if(frames.begin(), frames.end(), [](const SourceFrame& frame) {
      return !frame.function.starts_with("std::") && !frame.function.starts_with("boost::");
    });
    if (own == frames.end()) return CallAnswer::kPass;
    found_ = *own;
    return CallAnswer::kFound;
  }

  const std::function<std::vector<SourceFrame>(uint64_t)>& frames_;
  std::vector<std::string> parts_;      // of mangled names
  std::vector<std::string> functions_;  // demangled
  bool may_ = false;
  std::optional<SourceFrame> found_;
};

}  // namespace

std::optional<SourceFrame> find_shared_this_call(const Type& type, std::span<const uint64_t> vtables,
                                                 const ModuleCode& code, CodeCalls calls,
                                                 const std::function<std::vector<SourceFrame>(uint64_t)>& frames) {
  Judge judge(type, frames);
  if (!judge.may_be()) return std::nullopt;
  for (const uint64_t vtable : vtables) {
    for (uint64_t slot = 0; slot < kMostSlots && !judge.found(); ++slot) {
      const uint64_t pointer = code.pointer_at(vtable + 8 * slot);
      const Symbol* function = pointer ? calls.function_at(pointer) : nullptr;
      if (function && destroys(function->name)) calls.search(*function, judge);
      if (!function && pointer == 0) break;
    }
  }
  return judge.found();
}

}  // namespace reftally
