#include "reports/names.h"

#include <catch2/catch.hpp>
#include <string>

#include "analyzer/base/source_frame.h"

using namespace reftally;

namespace {

// "Node<Node<… <int> …>>", so many of them.
std::string nested(int levels) { return levels == 0 ? "int" : "Node<" + nested(levels - 1) + ">"; }

}  // namespace

TEST_CASE("a type's innermost template arguments go first where the name is too long") {
  CHECK(short_type("Node<Node<int>>", 40) == "Node<Node<int>>");
  CHECK(short_type("Node<Node<int>>", 12) == "Node<Node<…>>");
  CHECK(short_type("Node<Node<int>>", 6) == "Node<…>");
}

TEST_CASE("what has no name in source keeps the one that the compiler gave it") {
  CHECK(short_function("main::{unnamed type#1}::go()") == "main::{unnamed type#1}::go");
  CHECK(short_function("void app::run<int>(int)::{lambda(int)#2}::operator()(int) const") == "app::run::{lambda#2}");
  CHECK(short_function("lox::Evaluator::call[abi:cxx11](int)::{lambda(auto)#1}::operator()(int) const") ==
        "lox::Evaluator::call::{lambda#1}");
  CHECK(short_function("PerfMemory::create(unsigned long) [clone .part.0]") == "PerfMemory::create");
}

TEST_CASE("what is behind a function's parameters is no part of its name, nor what is before it its end") {
  CHECK(short_function("pybind11::handle::inc_ref() const &") == "pybind11::handle::inc_ref");
  CHECK(short_function("std::enable_if<true, void>::type load<int>::call<void, Guard>(int) &&") == "load::call");
  CHECK(short_function("std::vector<int> const& app::all(int) const volatile &") == "app::all");
}

TEST_CASE("code of no module is said to be that") {
  CHECK(frame_text({kUnknownCode, "", "", 0}) == "??? code since unloaded, or made at run time");
  CHECK(frame_text({"start_plugin", "", "/usr/lib/app", 0}) == "start_plugin app");
}

TEST_CASE("a name too long to be read whole is told by its outermost template") {
  CHECK(short_type("scene::Graph<" + nested(2000) + ", int>", 40) == "scene::Graph<…>");
  CHECK(short_type("scene::Graph<" + nested(2000) + ">::Edge", 40) == "scene::Graph<…>");
}
