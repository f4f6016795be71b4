#include "runtime/core/declarations.h"

#include <atomic>

#include "runtime/core/birth_stacks.h"
#include "runtime/core/recorder.h"
#include "runtime/core/reentry_guard.h"
#include "runtime/core/system.h"
#include "runtime/core/thread_state.h"

namespace reftally::runtime {
namespace {

constexpr uint32_t kMaxRows = 4096, kTextSize = 120;

// Rows are taken by number and never given back; one that is not written yet has address or end 0.
template <class Record>
struct Rows {
  struct Row {
    Record record;
    char text[kTextSize];
  };
  Row* rows = nullptr;
  std::atomic<uint32_t> used{0};

  bool create() noexcept {
    rows = static_cast<Row*>(map_memory(kMaxRows * sizeof(Row)));
    return rows != nullptr;
  }
  void add(const Record& record, const char* text) noexcept {
    if (rows == nullptr) return;
    const uint32_t number = used.fetch_add(1);
    if (number >= kMaxRows) return;
    if (text != nullptr) Text(rows[number].text, kTextSize).add(text);
    rows[number].record = record;
  }
  uint32_t count() const noexcept { return used.load() < kMaxRows ? used.load() : kMaxRows; }
};

Rows<dump::Expectation> expectations;
Rows<dump::RootRegion> regions;

}  // namespace

bool prepare_declarations() noexcept { return expectations.create() && regions.create(); }

void expect_released(const void* object, const char* reason, const Registers& caller) noexcept {
  ReentryGuard guard;
  ThreadState* thread = guard.entered() ? this_thread() : nullptr;
  const uint32_t stack = thread != nullptr ? capture_stack(*thread, caller) : 0;
  expectations.add({reinterpret_cast<uint64_t>(object), real_time_ns(), stack, 0, {}}, reason);
}

void add_root_region(const void* begin, const void* end, const char* name) noexcept {
  regions.add({reinterpret_cast<uint64_t>(begin), reinterpret_cast<uint64_t>(end), {}}, name);
}

void write_declarations(dump::Writer& writer) noexcept {
  writer.begin(dump::kTagExpectations, sizeof(dump::Expectation));
  for (uint32_t i = 0; i < expectations.count(); i++) {
    dump::Expectation record = expectations.rows[i].record;
    if (record.address == 0) continue;
    record.reason = writer.string(expectations.rows[i].text);
    writer.add(record);
  }
  writer.begin(dump::kTagRootRegions, sizeof(dump::RootRegion));
  for (uint32_t i = 0; i < regions.count(); i++) {
    dump::RootRegion record = regions.rows[i].record;
    if (record.end <= record.begin) continue;
    record.name = writer.string(regions.rows[i].text);
    writer.add(record);
  }
  writer.end();
}

}  // namespace reftally::runtime
