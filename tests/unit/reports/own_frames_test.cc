// Where the story of a reference begins for a reader: not in the functions that only count.
#include "reports/own_frames.h"

#include <catch2/catch.hpp>

using namespace reftally;

namespace {

std::vector<ReportFrame> stack(std::initializer_list<const char*> functions) {
  std::vector<ReportFrame> frames;
  for (const char* function : functions) frames.push_back({function, "/src/app.cc", "/bin/app", 1});
  return frames;
}

std::string first(const std::vector<ReportFrame>& frames) { return frames.front().function; }

}  // namespace

TEST_CASE("a function that tells of its count by reftally.h is passed over when its name says that it counts") {
  CHECK(first(own_frames(stack({"reftally_acquire", "node_ref", "keep", "main"}))) == "keep");
  CHECK(first(own_frames(stack({"reftally_acquire", "Node::addRef()", "keep", "main"}))) == "keep");
  CHECK(first(own_frames(stack({"reftally_acquire", "release_lent", "main"}))) == "release_lent");
  CHECK(first(own_frames(stack({"node_ref", "keep", "main"}))) == "node_ref");
}

TEST_CASE("who took a reference is not the smart pointer, nor the container that copied it") {
  CHECK(first(counting_frames(stack({"Handle<Page>::Handle(Page*)", "Handle<Page>::operator=(Handle<Page> const&)",
                                     "Site::open(Page*)", "main"}))) == "Site::open(Page*)");
  CHECK(first(counting_frames(stack({"PageRef::PageRef(PageRef const&)", "std::vector<PageRef>::push_back(PageRef&&)",
                                     "Site::add()", "main"}))) == "Site::add()");
}

TEST_CASE("a class that is no smart pointer took what its constructor takes") {
  CHECK(first(counting_frames(stack({"Session::Session(Page*)", "main"}))) == "Session::Session(Page*)");
  CHECK(first(counting_frames(stack({"Handle<Page>::Handle(Page*)"}))) == "Handle<Page>::Handle(Page*)");
}
