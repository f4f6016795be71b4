// What grows over drawn snapshots.
#include "analyzer/findings/growth.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <set>

#include "analyzer/analysis.h"
#include "analyzer/heap/drawing.h"

using namespace reftally;

namespace {

// "Session 10 20 30: +480" for each growing place, largest growth first.
std::vector<std::string> growth_of(const std::vector<std::string>& drawings) {
  std::vector<HeapCensus> censuses;
  Heap last;
  for (const std::string& drawing : drawings) {
    last = read_drawing(drawing).heap;
    RetainingPaths paths(last);
    censuses.push_back(take_census(last, paths));
  }
  std::vector<std::string> lines;
  std::vector<const HeapCensus*> all;
  for (const HeapCensus& census : censuses) all.push_back(&census);
  for (const GrowingPath& path : find_growing_paths(all)) {
    std::string line{last.type_name(path.example)};
    for (uint64_t count : path.counts) line += fmt::format(" {}", count);
    lines.push_back(fmt::format("{}: +{}", line, path.bytes));
  }
  return lines;
}

// A registry with sessions, each with a buffer.
std::string registry(int sessions, const std::string& more = "") {
  std::string drawing = "static g_registry => r(Registry)[16]:1;" + more;
  for (int i = 0; i < sessions; i++)
    drawing +=
        fmt::format("r =[Registry::sessions_[]#{0}]=> s{0}(Session)[16] =[Session::buffer_]=> b{0}(Buffer)[32];", i);
  return drawing;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a place that holds more in every snapshot grows, and what hangs below is counted with it") {
  CHECK(growth_of({registry(10), registry(20), registry(30)}) == Lines{"Session 10 20 30: +960"});
  CHECK(growth_of({registry(10), registry(20), registry(30), registry(45)}) == Lines{"Session 10 20 30 45: +1680"});
}

TEST_CASE("a place that was empty at first grows too") {
  CHECK(growth_of({registry(0), registry(9), registry(18)}) == Lines{"Session 0 9 18: +864"});
}

TEST_CASE("what comes and goes does not grow") {
  CHECK(growth_of({registry(10), registry(30), registry(20)}).empty());
  CHECK(growth_of({registry(10), registry(30), registry(30)}).empty());
  CHECK(growth_of({registry(30), registry(20), registry(10)}).empty());
}

TEST_CASE("what only moves to another place does not grow") {
  const auto moved = [](int sessions) {
    std::string others = "static g_others => o(Others)[16]:1;";
    for (int i = sessions; i < 40; i++) others += fmt::format("o =[Others::sessions_[]#{0}]=> m{0}(Session)[16];", i);
    return registry(sessions, others);
  };
  for (const std::string& line : growth_of({moved(10), moved(20), moved(30)})) CHECK(line.find("Session") == line.npos);
}

TEST_CASE("one burst is no trend, nor are a few objects, nor is one in a hundred") {
  CHECK(growth_of({registry(10), registry(100), registry(101)}).empty());
  CHECK(growth_of({registry(10), registry(12), registry(14)}).empty());
  CHECK(growth_of({registry(1000), registry(1010), registry(1020)}).empty());
}

TEST_CASE("what only the interpreter's cache of attributes holds does not grow") {
  const auto asked_for = [](int names) {
    std::string drawing = "external \"after_forkers_child\" => l(list)[16]:1;";
    for (int i = 0; i < names; i++) drawing += fmt::format("cache \"method cache\" => n{0}(str)[56]:1;", i);
    return drawing;
  };
  CHECK(growth_of({asked_for(100), asked_for(200), asked_for(300)}).empty());
}

TEST_CASE("roots that the program names are places of their own, a thread's whatever its number") {
  const auto pools = [](int first, int second, int thread) {
    std::string drawing;
    for (int i = 0; i < first; i++) drawing += fmt::format("external \"pool a\" => a{}(Buffer)[16]:1;", i);
    for (int i = 0; i < second; i++)
      drawing += fmt::format("external \"thread {}, dict\" => b{}(Buffer)[16]:1;", thread, i);
    return drawing;
  };
  CHECK(growth_of({pools(30, 5, 1), pools(20, 25, 2), pools(10, 45, 3)}) == Lines{"Buffer 5 25 45: +640"});
}

TEST_CASE("the place is told by what most of its objects are") {
  const auto loggers = [](int names) {
    std::string drawing = "static g_manager => m(dict)[16]:1; m =[[]]=> p(PlaceHolder)[48]:1;";
    for (int i = 0; i < names; i++)
      drawing += fmt::format("m =[[]#{0}]=> l{0}(Logger)[48] =[cache]=> c{0}(dict)[64];", i);
    return drawing;
  };
  CHECK(growth_of({loggers(50), loggers(100), loggers(150)}) == Lines{"Logger 51 101 151: +11200"});
}

TEST_CASE("classes are of one kind, though each has a name of its own") {
  const auto classes = [](int made) {
    std::string drawing = "static g_store => s(list)[16]:1;";
    for (int i = 0; i < made; i++) drawing += fmt::format("s =[[]#{0}]=> c{0}(\"type app.C{0}\")[64];", i);
    return drawing;
  };
  CHECK(growth_of({classes(10), classes(20), classes(30)}) == Lines{"type app.C0 10 20 30: +1280"});
}

TEST_CASE("weak references to what grows are no growth of their own, others are") {
  const auto watched = [](int handlers, const char* seen) {
    std::string drawing = "static g_handlers => h(list)[16]:1; static g_all => a(list)[16]:1;";
    for (int i = 0; i < handlers; i++)
      drawing +=
          fmt::format("h =[[]#{0}]=> t{0}(Handler)[64]{1}; a =[[]#{0}]=> w{0}(weakref.ReferenceType)[64];", i, seen);
    return drawing;
  };
  const auto over_time = [&](const char* seen) {
    return growth_of({watched(10, seen), watched(20, seen), watched(30, seen)});
  };
  CHECK(over_time(":1{python, weak_referenced}") == Lines{"Handler 10 20 30: +1280"});
  CHECK(over_time(":1{python}").size() == 2);
}

TEST_CASE("keys of weak references to what grows are no growth either") {
  const auto classes = [](int made) {
    std::string drawing = "static g_store => s(list)[16]:1; static object => o(dict)[16]:1;";
    for (int i = 0; i < made; i++)
      drawing += fmt::format(
          "s =[[]#{0}]=> c{0}(\"type app.C{0}\")[64]:1{{weak_referenced}}; o =[[]#{0}]=> "
          "w{0}(weakref.ReferenceType)[64];"
          "o =[\"key of []\"#{0}]=> k{0}(int)[32];",
          i);
    return drawing;
  };
  CHECK(growth_of({classes(10), classes(20), classes(30)}) == Lines{"type app.C0 10 20 30: +1280"});
}

TEST_CASE("a registry of weak references that holds what they see is told") {
  const auto weak_keys = [](int entries) {  // {weak reference to key: value}, where the value knows the key
    std::string drawing = "static g_extra => d(dict)[16]:1;";
    for (int i = 0; i < entries; i++)
      drawing += fmt::format(
          "d =[\"key of []\"#{0}]=> w{0}(weakref.ReferenceType)[64];"
          "d =[[]#{0}]=> v{0}(Value)[48] =[owner]=> k{0}(Page)[64]:1{{weak_referenced}};",
          i);
    return drawing;
  };
  CHECK(growth_of({weak_keys(10), weak_keys(20), weak_keys(30)}) == Lines{"Value 10 20 30: +2240"});
  const auto callbacks = [](int pages) {  // weakref.ref(page, callback), where the callback knows the page
    std::string drawing = "static g_refs => l(list)[16]:1;";
    for (int i = 0; i < pages; i++)
      drawing += fmt::format(
          "l =[[]#{0}]=> w{0}(weakref.ReferenceType)[64] =[__callback__]=> k{0}(Page)[64]:1{{weak_referenced}};", i);
    return drawing;
  };
  CHECK(growth_of({callbacks(10), callbacks(20), callbacks(30)}) == Lines{"weakref.ReferenceType 10 20 30: +2560"});
}

TEST_CASE("what the calls of new threads hold is one growth, and tells how many threads there are") {
  std::vector<HeapCensus> censuses;
  for (int threads : {10, 20, 30}) {
    std::string drawing;
    for (int i = 0; i < threads; i++)
      drawing += fmt::format(
          "frame \"thread {0}, frame run (t.py:{0}), local self\" => t{0}(Thread)[64]:1 =[ident]=> n{0}(int)[32];"
          "frame \"thread {0}, frame wait (t.py:{0}), local lock\" => l{0}(lock)[40]:1;",
          i);
    const Heap heap = read_drawing(drawing).heap;
    RetainingPaths paths(heap);
    censuses.push_back(take_census(heap, paths));
  }
  const std::vector<const HeapCensus*> all{&censuses[0], &censuses[1], &censuses[2]};
  const std::vector<GrowingPath> growing = find_growing_paths(all);
  REQUIRE(growing.size() == 1);
  CHECK(growing.front().counts == std::vector<uint64_t>{10, 20, 30});
  CHECK(growing.front().threads == std::vector<uint64_t>{10, 20, 30});
  CHECK(growing.front().bytes == 20 * (64 + 32));
}

TEST_CASE("two snapshots tell of no trend") { CHECK(growth_of({registry(10), registry(20)}).empty()); }

TEST_CASE("a list grows as one place, however long it is") {
  auto list = [](int nodes) {
    std::string drawing = "static g_log => n0(Node)[16]:1;";
    for (int i = 1; i < nodes; i++) drawing += fmt::format("n{} =[Node::next_]=> n{}(Node)[16];", i - 1, i);
    return drawing;
  };
  CHECK(growth_of({list(20), list(40), list(60)}) == Lines{"Node 20 40 60: +640"});
}

TEST_CASE("places are told apart by the names on their paths, and the largest growth comes first") {
  auto two = [](int sessions, int lines) {
    std::string more = "static g_log => l(Log)[16]:1;";
    for (int i = 0; i < lines; i++) more += fmt::format("l =[Log::lines_[]#{0}]=> t{0}(Line)[1000];", i);
    return registry(sessions, more);
  };
  CHECK(growth_of({two(10, 10), two(20, 20), two(30, 30)}) == Lines{"Line 10 20 30: +20000", "Session 10 20 30: +960"});
  CHECK(growth_of({two(10, 10), two(20, 10), two(30, 10)}) == Lines{"Session 10 20 30: +960"});
}

// Each page has two equally near holders. There are a few more pages each time, but nowhere many.
TEST_CASE("what another holder comes first for in the heap has not moved there") {
  const auto pages = [](int snapshot) {
    std::string drawing = "static g_site => s(Site)[16]:1;";
    for (int i = 0; i < 60; i++) {
      drawing += fmt::format("p{}(Page)[64];", i);
      const char* first = i < 15 * snapshot ? "rows" : "slots";
      const char* second = i < 15 * snapshot ? "slots" : "rows";
      for (const char* of : {first, second})
        drawing += fmt::format("s =[Site::{0}_[]]=> {0}{1}({0})[16] =[page_]=> p{1};", of, i);
    }
    for (int i = 0; i < 10 * snapshot; i++) drawing += fmt::format("static g_last_{} => q{}(Page)[64]:1;", i % 10, i);
    return drawing;
  };
  CHECK(growth_of({pages(1), pages(2), pages(3)}) == Lines{});
}

// A name that a class, and functions that come and go, have in common: its path is that of the nearest.
TEST_CASE("what was alive before, at a place that has fewer now, has not grown where it is now") {
  const auto names = [](int functions) {
    std::string drawing = "static g_types => c(Class)[16]:1; static g_functions => f(Functions)[16]:1;";
    for (int i = 0; i < 40; i++) drawing += fmt::format("n{}(Name)[64];", i);
    for (int i = 0; i < 40; i++) drawing += fmt::format("c =[Class::slots_[]]=> d{0}(Slot)[16] =[name_]=> n{0};", i);
    for (int i = 0; i < functions; i++) drawing += fmt::format("f =[Functions::names_[]]=> n{};", i);
    for (int i = 0; i < 3 * (40 - functions); i++)
      drawing += fmt::format("static g_last_{} => q{}(Name)[64]:1;", i % 15, i);
    return drawing;
  };
  CHECK(growth_of({names(30), names(20), names(10)}) == Lines{});
}

namespace {

Analysis analysis_of(const Lines& drawings) {
  std::vector<HeapCensus> before;
  for (size_t i = 0; i + 1 < drawings.size(); i++) {
    const Heap heap = read_drawing(drawings[i]).heap;
    RetainingPaths paths(heap);
    before.push_back(take_census(heap, paths));
  }
  AnalysisOptions options;
  options.before = before;
  return analyze_heap(read_drawing(drawings.back()).heap, options);
}

// "note Entry" for each growing place of the last drawing.
Lines growth_findings_of(const Lines& drawings) {
  const Analysis analysis = analysis_of(drawings);
  Lines lines;
  for (const Finding& finding : analysis.findings)
    if (std::string_view(finding.rule) == "growing-path")
      lines.push_back(fmt::format("{} {}", finding.severity == Severity::kNote ? "note" : "warning",
                                  analysis.heap.type_name(*finding.subject)));
  return lines;
}

}  // namespace

TEST_CASE("what fills a cache that has a bound is a note") {
  auto growing = [](const char* label) {
    Lines drawings;
    for (int entries : {20, 40, 60}) {
      std::string drawing = "static g_cache => c(cache){python};";
      for (int i = 0; i < entries; i++)
        drawing += fmt::format("c =[\"cache\"::\"{}\"]=> e{}(Entry){{python}};", label, i);
      drawings.push_back(drawing);
    }
    return growth_findings_of(drawings);
  };
  CHECK(growing("bounded cache[]") == Lines{"note Entry"});
  CHECK(growing("cache[]") == Lines{"warning Entry"});
}

TEST_CASE("text that waits to be written does not grow, but what a program gave its stream does") {
  auto growing = [](const char* holder, const char* label) {
    Lines drawings;
    for (int texts : {20, 40, 60}) {
      std::string drawing = fmt::format("static g_out => f({}){{python}}; f =[{}]=> l(list){{python}};", holder, label);
      for (int i = 0; i < texts; i++) drawing += fmt::format("l =[list::\"[]\"#{0}]=> t{0}(str){{python}};", i);
      drawings.push_back(drawing);
    }
    return growth_findings_of(drawings);
  };
  CHECK(growing("_io.TextIOWrapper", "_io.TextIOWrapper::\"+136\"").empty());
  CHECK(growing("dict", "_io.TextIOWrapper::\"seen\"") == Lines{"warning str"});
}

TEST_CASE("blocks that old words in a runtime's arenas lead to do not grow, but what a variable holds does") {
  auto growing = [](const char* root) {
    Lines drawings;
    for (int blocks : {20, 40, 60}) {
      std::string drawing = "type A {collected, clear}; static g => a(A){python, tracked};";
      for (int i = 0; i < blocks; i++) drawing += fmt::format("{} -> e{}(Entry)[64];", root, i);
      drawings.push_back(drawing);
    }
    return growth_findings_of(drawings);
  };
  CHECK(growing("external arena").empty());
  CHECK(growing("static g_table") == Lines{"warning Entry"});
}

TEST_CASE(
    "what grows is not told with memory that is not told itself: saved stacks of greenlets lead to those who wait") {
  Lines drawings;
  for (int waiting : {20, 40, 60}) {
    std::string drawing =
        "type A {collected, clear}; static g_event => a(A){python, tracked} =[A::links]=> l(list){python};";
    for (int i = 0; i < waiting; i++)
      drawing += fmt::format(
          "l =[list::\"[]\"#{0}]=> w{0}(switch){{python}}; external arena -> e{0}(Stack)[64]; e{0} -> w{0};", i);
    drawings.push_back(drawing);
  }
  CHECK(growth_findings_of(drawings) == Lines{"warning switch"});
}

TEST_CASE("the object that a growth is told by is one of those that most were born with") {
  auto birth_of_subject = [](int first, int others, int last) {
    Lines drawings;
    for (int timers : {20, 40, 60}) {
      std::string drawing = "static g_loop => l(list)[16]:1;";
      for (int i = 0; i < timers; i++)
        drawing += fmt::format("l =[list::\"[]\"#{0}]=> t{0}(Timer)[64]{{stack {1}}};", i,
                               i == 0 ? first : (i < 15 ? others : last));
      drawings.push_back(drawing);
    }
    const Analysis analysis = analysis_of(drawings);
    return index(analysis.heap.birth_stack[index(*analysis.findings.front().subject)]);
  };
  CHECK(birth_of_subject(3, 4, 4) == 4);
  CHECK(birth_of_subject(3, 3, 4) == 4);
  CHECK(birth_of_subject(0, 3, 0) == 3);  // most of them in a time of which nothing is known
}

TEST_CASE("two statics that grow with objects of one type are two findings to a baseline, the same ones in every run") {
  auto fingerprints = [](const std::string& other) {
    Lines drawings;
    for (int sessions : {20, 40, 60}) {
      std::string drawing;
      for (int i = 0; i < sessions; i++)
        drawing +=
            fmt::format("static g_sessions => s{0}(Session)[64]:1; static {1} => w{0}(Session)[64]:1;", i, other);
      drawings.push_back(drawing);
    }
    std::set<std::string> found;
    for (const Finding& finding : analysis_of(drawings).findings) found.insert(finding.fingerprint);
    return found;
  };
  CHECK(fingerprints("g_waiting").size() == 2);
  CHECK(fingerprints("g_waiting") == fingerprints("g_waiting"));
  CHECK(fingerprints("g_waiting") != fingerprints("g_others"));
}

TEST_CASE("what grows because objects that grow refer to it is told with them") {
  auto growing = [](bool refer, const std::string& more) {
    Lines drawings;
    for (int sessions : {20, 40, 60}) {
      std::string drawing = "static g_loop => l(Loop)[16]:1;" + registry(sessions);
      for (int i = 0; i < sessions; i++) {
        drawing += fmt::format("l =[Loop::sockets_[]#{0}]=> k{0}(Socket)[16] =[Socket::state_]=> t{0}(State)[8];", i);
        if (refer) drawing += fmt::format("s{0} -[Session::socket_]-> k{0};", i);
        if (!more.empty()) drawing += fmt::format("{1} => o{0}(Timer)[8]; k{0} -[Socket::timer_]-> o{0};", i, more);
      }
      drawings.push_back(drawing);
    }
    return growth_findings_of(drawings);
  };
  CHECK(growing(true, "") == Lines{"warning Session"});
  CHECK(growing(true, "static g_timers") == Lines{"warning Session"});
  CHECK(growing(false, "") == Lines{"warning Session", "warning Socket"});
}

namespace {

// The registry by way of what a thread has under way, or by its own name.
std::string busy_registry(int sessions, bool busy) {
  std::string drawing = busy ? "static g_work => w(Work)[16] =[Work::registry_]=> r(Registry)[16]:1;"
                             : "static g_registry => r(Registry)[16]:1;";
  for (int i = 0; i < sessions; i++) drawing += fmt::format("r =[Registry::sessions_[]#{0}]=> s{0}(Session)[16];", i);
  return drawing;
}

std::string with_pool(const std::string& registry, int jobs) {
  std::string drawing = registry + "static g_pool => p(Pool)[16]:1;";
  for (int i = 0; i < jobs; i++) drawing += fmt::format("p =[Pool::jobs_[]#{0}]=> j{0}(Job)[16];", i);
  return drawing;
}

struct Censuses {
  std::vector<HeapCensus> censuses;
  std::vector<const HeapCensus*> all;

  explicit Censuses(const std::vector<std::string>& drawings) {
    for (const std::string& drawing : drawings) {
      const Heap heap = read_drawing(drawing).heap;
      RetainingPaths paths(heap);
      censuses.push_back(take_census(heap, paths));
    }
    for (const HeapCensus& census : censuses) all.push_back(&census);
  }
};

size_t compared(const std::vector<std::string>& drawings) { return comparable(Censuses(drawings).all).size(); }

// Of two places that grow in the snapshots compared: how many snapshots show each growing, 0 where one shows that it
// does not.
std::multiset<size_t> seen_growing(int jobs_while_busy) {
  const Censuses taken({with_pool(busy_registry(10, false), 10), with_pool(busy_registry(20, true), jobs_while_busy),
                        with_pool(busy_registry(30, false), 30), with_pool(busy_registry(40, false), 40)});
  std::multiset<size_t> seen;
  for (const GrowingPath& path : find_growing_paths(comparable(taken.all)))
    seen.insert(counts_where_seen(taken.all, path).size());
  return seen;
}

}  // namespace

TEST_CASE("a snapshot in which another path led to the place first says nothing of it") {
  CHECK(compared({busy_registry(10, false), busy_registry(20, true), busy_registry(30, false),
                  busy_registry(40, false)}) == 3);
  CHECK(compared({busy_registry(10, true), busy_registry(20, false), busy_registry(30, true), busy_registry(40, false),
                  busy_registry(50, false)}) == 3);
}

TEST_CASE("a snapshot that says nothing of one place counts for another") {
  CHECK(seen_growing(20) == std::multiset<size_t>{3, 4});
  CHECK(seen_growing(5) == std::multiset<size_t>{0, 3});
}

TEST_CASE("three snapshots are compared at least, and one in which the holder was not there yet is one of them") {
  CHECK(compared({busy_registry(10, true), busy_registry(20, false), busy_registry(30, false)}) == 3);
  CHECK(compared({busy_registry(10, true), busy_registry(20, true), busy_registry(30, false),
                  busy_registry(40, false)}) == 4);
  CHECK(compared({"static g_none => n(None)[16]:1;", busy_registry(20, false), busy_registry(30, false),
                  busy_registry(40, false)}) == 4);
}

TEST_CASE("most snapshots are compared: what grows in the others alone may be what calls had in hand") {
  std::vector<std::string> drawings;
  for (int i = 1; i <= 8; i++) drawings.push_back(busy_registry(10 * i, i < 5));
  CHECK(compared(drawings) == 8);
  drawings.push_back(busy_registry(90, false));
  CHECK(compared(drawings) == 5);
}

TEST_CASE("what does not grow in the others is no reason to leave a snapshot out") {
  CHECK(compared({busy_registry(40, false), busy_registry(20, true), busy_registry(30, false),
                  busy_registry(10, false)}) == 4);
}
