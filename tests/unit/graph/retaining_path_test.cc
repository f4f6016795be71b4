// Paths must be the same in each dump of a process, whatever order its objects come in.
#include "analyzer/graph/retaining_path.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "analyzer/heap/drawing.h"
#include "tests/support/rounds.h"

using namespace reftally;

namespace {

using Statements = std::vector<std::string>;

std::string joined(const Statements& statements) {
  std::string drawing;
  for (const std::string& statement : statements) drawing += statement + ";";
  return drawing;
}

// By name of the object; objects, references and roots come in the order of the statements.
std::map<std::string, uint64_t> signatures_of(const Statements& statements, Follow follow = Follow::kOwners) {
  const DrawnHeap drawn = read_drawing(joined(statements));
  RetainingPaths paths(drawn.heap);
  const std::vector<uint64_t> signatures = paths.signatures(follow);
  std::map<std::string, uint64_t> by_name;
  for (const auto& [name, object] : drawn.names) by_name[name] = signatures[index(object)];
  return by_name;
}

std::string root_of(const char* drawing, const char* object) {
  const DrawnHeap drawn = read_drawing(drawing);
  RetainingPaths paths(drawn.heap);
  return std::string(drawn.heap.text(drawn.heap.roots[*paths.path_to(drawn[object], Follow::kOwners).root].name));
}

}  // namespace

TEST_CASE("of two holders that are equally far the same one is on the path, whichever comes first in the heap") {
  const Statements types = {"cache(Cache)[16]", "index(Index)[16]", "page(Page)[16]"};
  const Statements held = {"static g_cache => cache =[Cache::pages_[]]=> page",
                           "static g_index => index =[Index::rows_[]]=> page"};
  CHECK(signatures_of({types[0], types[1], types[2], held[0], held[1]}) ==
        signatures_of({types[1], types[0], types[2], held[1], held[0]}));
}

TEST_CASE("of two members of one holder the same one is on the path, whichever comes first in the object") {
  const Statements start = {"static g => a(A)[16]", "b(B)[16]"};
  const Statements members = {"a =[A::first_]=> b", "a =[A::second_]=> b"};
  CHECK(signatures_of({start[0], start[1], members[0], members[1]}) ==
        signatures_of({start[0], start[1], members[1], members[0]}));
}

TEST_CASE("a static is told before a stack, and a stack before a register") {
  CHECK(root_of("stack \"thread 1, main\" => a(A)[16] => c(C)[16]; static g => b(B)[16] => c", "c") == "g");
  CHECK(root_of("static g => b(B)[16] => c(C)[16]; stack \"thread 1, main\" => a(A)[16] => c", "c") == "g");
  CHECK(root_of("register rax => a(A)[16] => c(C)[16]; stack \"thread 1, main\" => b(B)[16] => c", "c") ==
        "thread 1, main");
}

TEST_CASE("a cache of names is told only where nobody else holds the name") {
  const char* drawing =
      "cache \"method cache\" => n(str)[16]; cache \"method cache\" => m(str)[16];"
      "static modules => d(dict)[16] =[key of []]=> n";
  CHECK(root_of(drawing, "n") == "modules");
  CHECK(root_of(drawing, "m") == "method cache");
}

TEST_CASE("what a running call has of its module is told by the module, and by the call where no module owns it") {
  const char* drawing =
      "call_context \"frame serve, f_func\" => f(function)[16] =[__globals__]=> d(dict)[16] =[sessions]=> s(dict)[16];"
      "static modules => all(dict)[16] =[[]]=> m(module)[16] =[__dict__]=> d;"
      "call_context \"frame <lambda>, f_func\" => g(function)[16] =[__closure__]=> c(Cell)[16]";
  CHECK(root_of(drawing, "s") == "modules");
  CHECK(root_of(drawing, "c") == "frame <lambda>, f_func");
}

TEST_CASE("a module's variables are told by the module, not by a function of it that a call has in hand") {
  const char* drawing =
      "frame \"thread 2, local task\" => t(Task)[16] =[run]=> f(function)[16] =[__globals__]=> d(dict)[16];"
      "d =[local]=> l(local)[16]; stack \"thread 1\" => o(frame)[16] =[f_globals]=> d;"
      "static modules => all(dict)[16] =[[]]=> m(module)[16] =[__dict__]=> n(dict)[16] =[more]=> p(package)[16] "
      "=[__dict__]=> d;"
      "frame \"thread 3\" => g(function)[16] =[__globals__]=> e(dict)[16] =[own]=> x(Own)[16]";
  CHECK(root_of(drawing, "l") == "modules");
  CHECK(root_of(drawing, "x") == "thread 3");
}

TEST_CASE("signatures of a random heap do not change with the order of its objects") {
  std::mt19937 random(17);
  auto any = [&](const char* prefix, uint32_t count) { return prefix + std::to_string(random() % count); };
  for (int round = 0; round < rounds(2000); round++) {
    const uint32_t objects = 2 + random() % 12, types = 1 + random() % 4;
    Statements drawn, linked;
    for (uint32_t i = 0; i < objects; i++) drawn.push_back("o" + std::to_string(i) + "(" + any("T", types) + ")[16]:1");
    const char* arrows[] = {"=[{}]=>", "=?[{}]=?>", "=[{}]=*>"};
    for (uint32_t i = 0; i < 2 * objects; i++) {
      std::string arrow = arrows[random() % 8 < 6 ? 0 : 1 + random() % 2];
      arrow.replace(arrow.find("{}"), 2, any("T::m", 3) + "_");
      linked.push_back(any("o", objects) + " " + arrow + " " + any("o", objects));
    }
    const char* roots[] = {"static", "static", "stack", "frame", "register"};
    for (uint32_t i = 0; i <= random() % 3; i++)
      linked.push_back(std::string(roots[random() % 5]) + " " + any("r", 4) + " => " + any("o", objects));
    Statements first = drawn, second = drawn;
    std::shuffle(second.begin(), second.end(), random);
    first.insert(first.end(), linked.begin(), linked.end());
    std::shuffle(linked.begin(), linked.end(), random);
    second.insert(second.end(), linked.begin(), linked.end());
    for (Follow follow : {Follow::kOwners, Follow::kAnything}) {
      INFO(joined(first) << "\n" << joined(second));
      REQUIRE(signatures_of(first, follow) == signatures_of(second, follow));
    }
  }
}
