#include <fmt/format.h>

#include <memory>

#include "analyzer/cli/command.h"
#include "analyzer/cli/installed.h"

namespace reftally {

RunCommand prepare_cxxflags(CLI::App& parser) {
  parser.footer(
      "Examples: make CXXFLAGS=\"-O2 -g $(reftally cxxflags)\" && reftally run -- ./app\n"
      "          CFLAGS=\"-g $(reftally cxxflags --python)\" python3 setup.py build_ext --force --inplace");
  auto python = std::make_shared<bool>(false), pass = std::make_shared<bool>(false);
  parser.add_flag("--python", *python, "for a C or C++ extension of CPython: its Py_INCREF, Py_DECREF and calls tell");
  parser
      .add_flag("--pass", *pass,
                "for clang 19: libc++'s shared_ptr tells, and counts kept by hand do, by intrusive_ptr_add_ref() and "
                "intrusive_ptr_release(), "
                "[[clang::annotate(\"reftally::acquire\")]] and \"reftally::release\", and what a file names "
                "(-mllvm -reftally-functions=FILE; lines `acquire ns::Class::ref`)")
      ->excludes("--python");
  return [python, pass] {
    // A call that has become a jump is missing in the call stack that took a reference. The folder of Python.h is
    // given by -I, which goes before what -isystem names.
    const char* const option = *python ? "-I" : "-isystem";
    const char* const folder = *python ? "overlay-python" : "overlay";
    fmt::print("-fno-optimize-sibling-calls {} {}", option, installed_file(folder, "the header overlay").string());
    if (*pass) {
      const std::string plugin = installed_file("libreftally-pass.so", "the pass for clang 19").string();
      fmt::print(" -fpass-plugin={0} -Xclang -load -Xclang {0}", plugin);
    }
    fmt::print("\n");
    return kExitClean;
  };
}

}  // namespace reftally
