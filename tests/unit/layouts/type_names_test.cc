#include "analyzer/layouts/type_names.h"

#include <catch2/catch.hpp>

using namespace reftally;

TEST_CASE("top-level template arguments are split at commas outside brackets") {
  const auto arguments = template_arguments("std::map<int, std::pair<A, B>, std::less<int> >");
  REQUIRE(arguments.size() == 3);
  CHECK(arguments[1] == "std::pair<A, B>");
}

TEST_CASE("a nested class has no template arguments of its own") {
  CHECK(template_arguments("std::map<int, A>::iterator").empty());
  CHECK(template_arguments("Plain").empty());
}

TEST_CASE("function types and lambdas do not confuse the split") {
  const auto arguments =
      template_arguments("D<Foo*, main::{lambda(Foo*, int)#1}, void (*)(A, B), std::allocator<void> >");
  REQUIRE(arguments.size() == 4);
  CHECK(arguments[1] == "main::{lambda(Foo*, int)#1}");
  CHECK(arguments[2] == "void (*)(A, B)");
}

TEST_CASE("unbalanced names are not taken apart") {
  CHECK(template_arguments("A<B").empty());
  CHECK(readable_type_name("A<B") == "A<B");
}

TEST_CASE("readable names leave out what the library supplies") {
  CHECK(readable_type_name("std::vector<std::shared_ptr<Child>, std::allocator<std::shared_ptr<Child> > >") ==
        "std::vector<std::shared_ptr<Child>>");
  CHECK(readable_type_name(
            "std::map<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >, int, "
            "std::less<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > >, "
            "std::allocator<std::pair<std::__cxx11::basic_string<char, std::char_traits<char>, "
            "std::allocator<char> > const, int> > >") == "std::map<std::string, int>");
}

TEST_CASE("readable names keep what the source chose") {
  CHECK(readable_type_name("std::vector<int, my::arena<int> >") == "std::vector<int, my::arena<int>>");
  CHECK(readable_type_name("mine::Box<int, std::allocator<int> >") == "mine::Box<int, std::allocator<int>>");
}

TEST_CASE("pointers and const are peeled from the outside") {
  CHECK(without_pointer("Foo const*") == "Foo const");
  CHECK(without_const("Foo const") == "Foo");
  CHECK(without_pointer("Foo* const") == "Foo");
}
