#include "analyzer/flavours/control_blocks.h"

#include <array>
#include <charconv>

#include "analyzer/image/debug_types.h"
#include "analyzer/layouts/type_names.h"

namespace reftally {

namespace {

using enum CountLayout;
using enum ValuePlace;

constexpr std::array kKinds = {
    ControlBlockKind{"St23_Sp_counted_ptr_inplaceI", kHalves, kInside, 16, "libstdc++ make_shared, allocate_shared"},
    ControlBlockKind{"St15_Sp_counted_ptrI", kHalves, kPointer, 16, "libstdc++ shared_ptr(new T)"},
    ControlBlockKind{"St19_Sp_counted_deleterI", kHalves, kLastPointer, 16, "libstdc++ shared_ptr(p, deleter)"},
    ControlBlockKind{"St17_Sp_counted_arrayI", kHalves, kArrayInFront, 16, "libstdc++ make_shared<T[]>"},
    ControlBlockKind{"NSt3__120__shared_ptr_emplaceI", kWordsLessOne, kInside, 24, "libc++ make_shared"},
    ControlBlockKind{"NSt3__120__shared_ptr_pointerI", kWordsLessOne, kFirstPointer, 24, "libc++ shared_ptr(p, d)"},
    ControlBlockKind{"N5boost6detail17sp_counted_impl_pI", kHalves, kPointer, 16, "Boost shared_ptr(new T)"},
    ControlBlockKind{"N5boost6detail18sp_counted_impl_pdI", kHalves, kFirstPointer, 16, "Boost make_shared, deleter"},
    ControlBlockKind{"N5boost6detail19sp_counted_impl_pdaI", kHalves, kFirstPointer, 16, "Boost with allocator"},
    ControlBlockKind{"N5boost6detail13sp_array_baseI", kHalves, kArrayBehind, 16, "Boost make_shared<T[]>"},
    ControlBlockKind{"NSt3__131__unbounded_array_control_blockI", kWordsLessOne, kArrayBehind, 24,
                     "libc++ make_shared<T[]>"},
    ControlBlockKind{"NSt3__129__bounded_array_control_blockI", kWordsLessOne, kArrayBehind, 24,
                     "libc++ make_shared<T[N]>"},
};

// Deleters that free the block of the value they are given. Any other may leave it alone or share it.
bool is_delete(std::string_view deleter) {
  constexpr std::array<std::string_view, 6> kDeleters = {"std::default_delete<",          "std::__sp_array_delete",
                                                         "std::__1::default_delete<",     "boost::checked_deleter<",
                                                         "boost::checked_array_deleter<", "std::__1::shared_ptr<"};
  for (std::string_view known : kDeleters) {
    // libc++ names its own deleter std::__1::shared_ptr<T>::__shared_ptr_default_delete<T, T>
    if (deleter.starts_with(known))
      return known != "std::__1::shared_ptr<" || deleter.find("default_delete<") != deleter.npos;
  }
  return false;
}

bool is_array_delete(std::string_view deleter) {
  return deleter.starts_with("std::__sp_array_delete") || deleter.starts_with("boost::checked_array_deleter<") ||
         (deleter.find("default_delete<") != deleter.npos && deleter.find("[]") != deleter.npos);
}

// Deleters of Boost's make_shared and allocate_shared, behind header and pointer: { flag, value } and { value, … }.
uint16_t offset_in_deleter(std::string_view deleter) {
  if (deleter.starts_with("boost::detail::sp_ms_deleter<")) return 32;
  return deleter.starts_with("boost::detail::sp_as_deleter<") ? 24 : 0;
}

bool is_plain_allocator(std::string_view allocator) {
  return allocator.starts_with("std::allocator<") || allocator.starts_with("std::__1::allocator<") ||
         allocator.starts_with("boost::default_allocator<");
}

uint64_t leading_number(std::string_view text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// "Cell [2][3]": takes the brackets off, and says how many of the innermost elements stand in one of the outermost.
uint64_t take_extents(std::string_view& element) {
  uint64_t count = 1;
  for (size_t bracket; element.ends_with(']') && (bracket = element.rfind('[')) != element.npos;) {
    count *= leading_number(element.substr(bracket + 1));
    element = element.substr(0, bracket);
    while (element.ends_with(' ')) element.remove_suffix(1);
  }
  return count;
}

// state<allocator<T>> or size_state<allocator<T>, N>; make_shared_noinit puts an adaptor around the allocator.
void read_boost_array(ControlBlockClass& found, std::string_view state) {
  const std::vector<std::string_view> arguments = template_arguments(state);
  std::string_view allocator = arguments.empty() ? "" : arguments[0];
  std::vector<std::string_view> of_allocator = template_arguments(allocator);
  if (allocator.starts_with("boost::noinit_adaptor<") && !of_allocator.empty()) {
    allocator = of_allocator[0];
    of_allocator = template_arguments(allocator);
  }
  if (of_allocator.empty()) return;
  std::string_view element = of_allocator[0];
  found.inner_count = take_extents(element);
  found.element_count = arguments.size() > 1 ? leading_number(arguments[1]) : 0;
  found.value_type = without_const(element);
  found.has_plain_allocator = is_plain_allocator(allocator);
}

// T[] or T[N], and the allocator
void read_libcxx_array(ControlBlockClass& found, std::string_view array, std::string_view allocator) {
  const size_t bracket = array.find('[', array.rfind('>') == array.npos ? 0 : array.rfind('>'));
  if (bracket == array.npos) return;
  std::string_view element = array;
  found.inner_count = std::max<uint64_t>(1, take_extents(element));
  found.element_count = leading_number(array.substr(bracket + 1));
  if (found.element_count != 0) found.inner_count /= found.element_count;
  found.value_type = without_const(element);
  found.has_plain_allocator = is_plain_allocator(allocator);
}

void read_arguments(ControlBlockClass& found, const std::vector<std::string_view>& arguments) {
  if (arguments.empty()) return;
  std::string_view first = arguments[0];
  switch (found.kind->place) {
    case kInside:
      found.value_type = without_const(first);
      found.has_plain_allocator = arguments.size() < 2 || is_plain_allocator(arguments[1]);
      return;
    case kArrayInFront: {
      const std::vector<std::string_view> element = template_arguments(first);
      found.value_type = element.empty() ? "" : std::string(without_const(element[0]));
      found.has_plain_allocator = is_plain_allocator(first);
      found.is_array = true;
      return;
    }
    case kArrayBehind:
      found.is_array = true;
      if (arguments.size() == 1) return read_boost_array(found, first);
      return read_libcxx_array(found, first, arguments[1]);
    case kPointer:
      found.value_type = first.ends_with('*') ? without_const(without_pointer(first)) : without_const(first);
      found.deletes_value = true;
      return;
    case kLastPointer:
    case kFirstPointer:
      found.value_type = without_const(without_pointer(first));
      if (arguments.size() < 2) return;
      found.in_deleter = offset_in_deleter(arguments[1]);
      found.deletes_value = is_delete(arguments[1]);
      found.is_array = is_array_delete(arguments[1]);
      return;
  }
}

}  // namespace

ControlBlockClass control_block_class(std::string_view type_info_name) {
  ControlBlockClass found;
  for (const ControlBlockKind& kind : kKinds) {
    if (!type_info_name.starts_with(kind.prefix)) continue;
    found.kind = &kind;
    const std::string demangled = demangle_type(type_info_name);
    read_arguments(found, template_arguments(demangled));
    return found;
  }
  return found;
}

}  // namespace reftally
