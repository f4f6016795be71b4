#include <catch2/catch.hpp>

#include "analyzer/image/stack_places.h"

using namespace reftally;

TEST_CASE("a function in a list of places is its name, without result and parameters") {
  CHECK(function_title("main") == "main()");
  CHECK(function_title("serve(std::shared_ptr<Session> const&)") == "serve()");
  CHECK(function_title("void ns::Pool<int>::run(std::vector<int>) const") == "ns::Pool<int>::run()");
  CHECK(function_title("std::vector<int (*)(char)> make<int>(int)") == "make<int>()");
  CHECK(function_title("(anonymous namespace)::Task::operator()(int)") == "(anonymous namespace)::Task::operator()()");
  CHECK(function_title("bool operator<(A const&, A const&)") == "operator<()");
}
