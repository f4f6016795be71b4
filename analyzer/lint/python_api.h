// What functions of CPython's C API do to counts, by name. Free of clang.
// Source: the documentation of the C API (3.13) and its Doc/data/refcounts.dat.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reftally::lint {

enum class PyReturn : uint8_t {
  kNew,       // a reference that the caller must release
  kBorrowed,  // a reference of somebody else
  kNull,      // always NULL, with an exception set
  kUnknown,
};

// Of a function of the API that returns an object. Those that are in no table return a new reference.
PyReturn py_returns(std::string_view name);

uint32_t py_steals(std::string_view name);  // bit i: takes over the caller's reference to argument i

struct PyOut {  // arguments `first` … `last` are addresses of variables that receive an object
  uint8_t first = 0, last = 0;
  PyReturn kind = PyReturn::kUnknown;
  bool replaces = false;  // the variable's old reference is taken over; with kUnknown: the count stays what it was
};
std::optional<PyOut> py_out(std::string_view name);

// May the object outlive the call in somebody else's hands? Not when the function only reads it.
bool py_may_keep_argument(std::string_view name);

// Does this function make an object that nobody else can hold yet?
bool py_makes_fresh(std::string_view name);

// Does it ask what class its argument has? What was asked is hardly any object at all.
bool py_asks_type(std::string_view name);

// Does this function make an object that cannot refer to others: a string, a number?
bool py_makes_atom(std::string_view name);

// One entry for each argument that a format of Py_BuildValue takes: the unit that takes it. "N" steals.
std::vector<char> py_build_units(std::string_view format);
// Likewise for PyArg_Parse…: 'O' and its like lend an object, '!' and '&' are addresses of types and converters.
std::vector<char> py_parse_units(std::string_view format);

}  // namespace reftally::lint
