#include "tests/bench/measured.h"

#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <limits>

namespace reftally {
namespace {

double seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

uint64_t status_bytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  std::string word;
  uint64_t kilobytes = 0;
  while (status >> word)
    if (word == field) status >> kilobytes;
  return kilobytes * 1024;
}

double kernel_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_stime.tv_sec) + static_cast<double>(used.ru_stime.tv_usec) * 1e-6;
}

struct Seconds {
  double cpu, kernel, wall;
};

void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace

Measurements::Measurements(uint64_t objects, uint64_t references, int rounds)
    : objects_(objects), references_(references), rounds_(rounds) {
  malloc_trim(0);
  heap_bytes_ = status_bytes("VmRSS:");
}

void Measurements::run(const std::string& pass, const std::function<std::string()>& work) const {
  Seconds least{std::numeric_limits<double>::max(), 0, 0};
  uint64_t peak = 0, over_heap = 0;
  std::string note;
  for (int round = 0; round < rounds_; round++) {
    malloc_trim(0);
    forget_peak();
    const uint64_t before = status_bytes("VmRSS:");
    const double cpu_before = seconds(CLOCK_PROCESS_CPUTIME_ID), wall_before = seconds(CLOCK_MONOTONIC);
    const double kernel_before = kernel_seconds();
    note = work();
    const Seconds took{seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_before, kernel_seconds() - kernel_before,
                       seconds(CLOCK_MONOTONIC) - wall_before};
    if (took.cpu < least.cpu) least = took;
    const uint64_t after = status_bytes("VmHWM:");
    peak = std::max(peak, after - std::min(after, before));
    over_heap = std::max(over_heap, after - std::min(after, heap_bytes_));
  }
  fmt::print(
      "{{\"pass\": \"{}\", \"objects\": {}, \"references\": {}, \"cpu_s\": {:.4f}, \"kernel_s\": {:.4f}, "
      "\"wall_s\": {:.4f}, "
      "\"ns_per_object\": {:.1f}, \"ns_per_reference\": {:.1f}, \"bytes_per_object\": {:.1f}, "
      "\"bytes_over_heap\": {}, \"note\": \"{}\"}}\n",
      pass, objects_, references_, least.cpu, least.kernel, least.wall, least.cpu * 1e9 / static_cast<double>(objects_),
      least.cpu * 1e9 / static_cast<double>(references_), static_cast<double>(peak) / static_cast<double>(objects_),
      over_heap, note);
  fflush(stdout);
}

}  // namespace reftally
