#include <fmt/format.h>

#include <memory>

#include "analyzer/cli/command.h"
#include "analyzer/cli/installed.h"

namespace reftally {

RunCommand prepare_cxxflags(CLI::App& parser) {
  parser.footer(
      "Examples: make CXXFLAGS=\"-O2 -g $(reftally cxxflags)\" && reftally run -- ./app\n"
      "          CFLAGS=\"-g $(reftally cxxflags --python)\" python3 setup.py build_ext --force --inplace");
  auto python = std::make_shared<bool>(false);
  parser.add_flag("--python", *python, "for a C or C++ extension of CPython: its Py_INCREF, Py_DECREF and calls tell");
  return [python] {
    // A call that has become a jump is missing in the call stack that took a reference. The folder of Python.h is
    // given by -I, which goes before what -isystem names.
    const char* const option = *python ? "-I" : "-isystem";
    const char* const folder = *python ? "overlay-python" : "overlay";
    fmt::print("-fno-optimize-sibling-calls {} {}\n", option, installed_file(folder, "the header overlay").string());
    return kExitClean;
  };
}

}  // namespace reftally
