// The sentence of a finding: who holds what should be gone, named by a field that a person wrote.
#include "reports/summary.h"

#include <catch2/catch.hpp>

#include "reports/reference_text.h"

using namespace reftally;

namespace {

ReportEdge hold(std::string from, std::string via, std::string member) {
  ReportEdge edge;
  edge.from = std::move(from);
  edge.via = std::move(via);
  edge.member = std::move(member);
  return edge;
}

// A Parser that should be gone, held by the last of these references.
std::string told(std::vector<ReportEdge> path) {
  ReportFinding finding;
  finding.rule = "lingering-object";
  finding.subject = "Parser";
  finding.objects = finding.instances = 1;
  finding.members.push_back({.type = "Parser", .count = 1});
  finding.path = std::move(path);
  finding.path.insert(finding.path.begin(), hold("sys.modules", "", ""));
  return summarize(finding);
}

}  // namespace

TEST_CASE("what containers hold is told with the nearest field above them") {
  CHECK(told({hold("cache", "cache", "Parser.words.cache"), hold("dict", "key of [3]", "dict, key of [3]"),
              hold("tuple", "[0]", "tuple[0]")}) ==
        "1 Parser object should be gone, but is still held by tuple[0] in Parser.words.cache, below root sys.modules");
}

TEST_CASE("a field that holds it itself is told alone") {
  const std::string expected =
      "1 Parser object should be gone, but is still held by Page::parser_, below root sys.modules";
  CHECK(told({hold("Site", "pages_[2]", "Site::pages_[2]"), hold("Page", "parser_", "Page::parser_")}) == expected);
}

TEST_CASE("a capture is a field, though its name begins as an index does") {
  CHECK(told({hold("Site", "on_idle", "Site::on_idle"),
              hold("closure", "[lambda site.cc:4].self", "[lambda site.cc:4].self")}) ==
        "1 Parser object should be gone, but is still held by [lambda site.cc:4].self, below root sys.modules");
}

TEST_CASE("where no field is known the container is told alone") {
  CHECK(told({hold("list", "[0]", "list[0]")}) ==
        "1 Parser object should be gone, but is still held by list[0], below root sys.modules");
}

namespace {

ReportEdge taken(std::string member, bool weaken, std::string function) {
  ReportEdge edge = hold("", "", std::move(member));
  edge.weaken = weaken;
  if (!function.empty()) edge.acquired.push_back({std::move(function), "/src/page.cc", "", 12});
  return edge;
}

std::string cycle(std::vector<ReportEdge> edges) {
  ReportFinding finding;
  finding.rule = "unreachable-cycle";
  finding.objects = 2;
  finding.instances = 1;
  finding.members = {{.type = "Page", .count = 1}, {.type = "Site", .count = 1}};
  finding.ring = edges.size();
  finding.edges = std::move(edges);
  return summarize(finding);
}

}  // namespace

TEST_CASE("a cycle begins with the call that took the reference to be made weak") {
  CHECK(cycle({taken("Site::pages_[]", false, "Site::add()"), taken("Page::site_", true, "Page::attach()")}) ==
        "Page::attach page.cc:12 took what closes the cycle: 1 Page and 1 Site objects keep each other alive through "
        "Site::pages_[] -> Page::site_; they retain 0 B");
}

TEST_CASE("where nobody knows who took that reference, another of the cycle will do") {
  CHECK(cycle({taken("Site::pages_[]", false, "Site::add()"), taken("Page::site_", true, "")})
            .starts_with("Site::add page.cc:12 took what closes the cycle: "));
}

TEST_CASE("of a long way through blocks its beginning and its end are told, a closure with what stores it") {
  const std::string way = "Grab at offset 8 -> Private at offset 64 -> block of 40 bytes -> Slot::function";
  CHECK(short_way(way, 100) == way);
  CHECK(short_way(way, 60) == "Grab at offset 8 -> … -> Slot::function");
  CHECK(short_way(way + " -> [lambda qt.cc:13].result", 80) ==
        "Grab at offset 8 -> … -> Slot::function -> [lambda qt.cc:13].result");
  CHECK(short_way("Session::handler_of_the_day -> [lambda a.cc:1].self", 30) == "Session::handler_of_the_day ->…");
}
