// The class of a base, or of a member, of which debug information has the name alone, for a library without any has its
// vtable: what stands there may refer to something, and is read word by word.
// expect: unreachable-cycle type=Failure edge=Failure::report edge=Report::failure instances=3
// expect: unreachable-cycle type=Log edge=Log::report edge=Report::log instances=3
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

struct Report;

// libstdc++'s class holds what it says by a shared_ptr.
struct Failure : std::filesystem::filesystem_error {
  std::shared_ptr<Report> report;
  Failure() : filesystem_error("a failure with a long text", "/a/path/that/is/long", std::error_code()) {}
};

struct Log {
  std::filesystem::filesystem_error last{"the last of all failures", "/some/other/long/path", std::error_code()};
  std::shared_ptr<Report> report;
};

struct Report {
  std::shared_ptr<Failure> failure;
  std::shared_ptr<Log> log;
};

std::shared_ptr<Failure> g_failure;
std::shared_ptr<Log> g_log;

int main() {
  for (bool leaks : {false, true, true, true}) {
    g_failure = std::make_shared<Failure>();
    g_failure->report = std::make_shared<Report>();
    if (leaks) g_failure->report->failure = g_failure;
    g_log = std::make_shared<Log>();
    g_log->report = std::make_shared<Report>();
    if (leaks) g_log->report->log = g_log;
  }
  g_failure = std::make_shared<Failure>();
  g_log = std::make_shared<Log>();
}
