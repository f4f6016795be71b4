#include "reports/merged_paths.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "analyzer/heap/drawing.h"

using namespace reftally;

namespace {

void tell(const MergedPaths& row, size_t level, std::string& text) {
  if (!row.steps.empty())
    text += fmt::format("{}{} {} ({} B)\n", std::string(level, ' '), row.objects, row.steps, row.bytes);
  for (const MergedPaths& below : row.below) tell(below, level + !row.steps.empty(), text);
}

std::string merged(const std::string& drawing, const char* type) {
  const Heap heap = read_drawing(drawing).heap;
  RetainingPaths paths(heap);
  std::vector<ObjectId> objects;
  for (uint32_t i = 0; i < heap.object_count(); i++)
    if (heap.type_name(ObjectId{i}) == type) objects.push_back(ObjectId{i});
  std::string text;
  tell(merge_paths(heap, paths, objects), 0, text);
  return text;
}

}  // namespace

TEST_CASE("paths share their beginning, and steps without a branch are one row") {
  const char* drawing =
      "static g_server => s(Server)[16]; s =[Server::open_[]#0]=> a(Session)[40]; s =[Server::open_[]#1]=> "
      "b(Session)[40];"
      "s =[Server::queue_]=> q(Queue)[16] =[Queue::tasks_[]]=> t(Task)[16] =[Task::session_]=> c(Session)[40]";
  CHECK(merged(drawing, "Session") ==
        "3 root g_server (120 B)\n"
        " 2 Server::open_[] (80 B)\n"
        " 1 Server::queue_ -> Queue::tasks_[] -> Task::session_ (40 B)\n");
}

TEST_CASE("what no root owns is in no path") {
  CHECK(merged("a(Session)[16] =[Session::self_]=> a; static g => b(Session)[16]", "Session") == "1 root g (16 B)\n");
}

TEST_CASE("of a long way the middle is left out") {
  std::string drawing = "static g => n0(T0)[16]";
  for (int i = 1; i <= 100; i++) drawing += fmt::format(" =[T{}::next_]=> n{}(T{})[16]", i - 1, i, i);
  const std::string told = merged(drawing, "T100");
  CHECK(told.find("T11::next_ -> … 76 steps … -> T88::next_") != told.npos);
}
