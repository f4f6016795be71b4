// What CPython's cycle collector and allocator are at, over one or more snapshots.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "analyzer/cli/command.h"
#include "analyzer/flavours/declared_facts.h"
#include "analyzer/image/dump_image.h"
#include "analyzer/interpreter_state.h"
#include "reports/escape.h"
#include "reports/interpreter_json.h"
#include "reports/names.h"

namespace reftally {
namespace {

struct InterpreterOptions {
  std::vector<std::string> dumps;
  bool json = false;
  size_t top = 15;
};

struct Snapshot {
  std::string file;
  double seconds = 0;  // since the agent's start
  InterpreterState state;
};

Snapshot read_snapshot(const std::string& path) {
  const Image image = read_dump(path);
  HeapBuilder builder;
  add_declared_facts(image, builder);
  const Heap heap = std::move(builder).build();
  const uint64_t life = image.process.snapshot_time_ns - image.process.start_time_ns;
  return {path, static_cast<double>(life) / 1e9, interpreter_state(image, heap)};
}

std::string milliseconds(uint64_t nanoseconds) {
  return fmt::format("{:.2f} ms", static_cast<double>(nanoseconds) / 1e6);
}

void print_backlog(const std::vector<Snapshot>& snapshots) {
  fmt::print("{:>10} {:>10} {:>10} {:>10} {:>12} {:>12} {:>12}  {}\n", "at", "tracked", "waiting", "bytes",
             "collections", "paused", "longest", "snapshot");
  for (const Snapshot& snapshot : snapshots) {
    const GenerationState sum = sum_of_generations(snapshot.state);
    fmt::print("{:>8.2f} s {:>10} {:>10} {:>10} {:>12} {:>12} {:>12}  {}\n", snapshot.seconds, count_text(sum.tracked),
               count_text(sum.waiting), bytes_text(sum.waiting_bytes), count_text(sum.collections),
               milliseconds(sum.nanoseconds), milliseconds(sum.longest_nanoseconds),
               printable(base_name(snapshot.file)));
  }
}

void print_generations(const InterpreterState& state) {
  fmt::print("\ncycle collector: {}\n", state.enabled ? "runs by itself" : "off, runs only when told to");
  fmt::print("{:<12} {:>10} {:>10} {:>10} {:>14} {:>12} {:>12} {:>14} {:>10}\n", "generation", "tracked", "waiting",
             "bytes", "count of", "collections", "collected", "uncollectable", "longest");
  for (size_t i = 0; i < kGenerations; i++) {
    const GenerationState& generation = state.generations[i];
    if (i + 1 == kGenerations && generation.tracked == 0) continue;
    fmt::print("{:<12} {:>10} {:>10} {:>10} {:>14} {:>12} {:>12} {:>14} {:>10}\n",
               i + 1 == kGenerations ? "frozen" : std::to_string(i), count_text(generation.tracked),
               count_text(generation.waiting), bytes_text(generation.waiting_bytes),
               fmt::format("{} / {}", generation.count, generation.threshold), count_text(generation.collections),
               count_text(generation.collected), count_text(generation.uncollectable),
               milliseconds(generation.longest_nanoseconds));
  }
}

void print_waiting(const InterpreterState& state, size_t top) {
  if (state.waiting.empty()) return;
  fmt::print("\nwaiting for it, by shape\n{:>10} {:>10} {:>24}\n", "objects", "bytes", "in generation 0 / 1 / 2");
  for (size_t i = 0; i < state.waiting.size() && i < top; i++) {
    const WaitingShape& shape = state.waiting[i];
    fmt::print("{:>10} {:>10} {:>24}  {}\n", count_text(shape.objects), bytes_text(shape.bytes),
               fmt::format("{} / {} / {}", shape.by_generation[0], shape.by_generation[1], shape.by_generation[2]),
               printable(short_type(shape.type)));
  }
  if (state.waiting.size() > top) fmt::print("{:>10} shapes more\n", state.waiting.size() - top);
}

void print_allocator(const InterpreterState& state, size_t top) {
  if (state.arenas.empty()) return;
  uint64_t pools = 0, empty = 0, pool_bytes = 0, live_bytes = 0;
  for (const ArenaState& arena : state.arenas) {
    pools += arena.pools;
    empty += arena.empty_pools;
    pool_bytes += arena.pool_bytes;
    live_bytes += arena.live_bytes;
  }
  fmt::print("\nallocator: {}, {} of {}, {} of them empty; {} of that in use\n", plural(state.arenas.size(), "arena"),
             plural(pools, "pool"), bytes_text(pool_bytes), count_text(empty), percent_text(live_bytes, pool_bytes));
  fmt::print("{:>10} {:>10} {:>12} {:>12} {:>10} {:>12}\n", "block", "pools", "in use", "of", "occupancy", "lies idle");
  for (const SizeClassState& size_class : state.size_classes)
    fmt::print("{:>10} {:>10} {:>12} {:>12} {:>10} {:>12}\n", size_class.block_size, count_text(size_class.pools),
               count_text(size_class.live), count_text(size_class.capacity),
               percent_text(size_class.live, size_class.capacity),
               bytes_text(size_class.pool_bytes - size_class.live * size_class.block_size));
  uint64_t sparse = 0;
  for (const ArenaState& arena : state.arenas) sparse += is_sparse(arena) ? 1 : 0;
  fmt::print("{} less than a quarter full: not given back to the system while one block lives\n",
             plural(sparse, "arena"));
  for (size_t i = 0; i < state.in_sparse_arenas.size() && i < top; i++) {
    const KeptShape& shape = state.in_sparse_arenas[i];
    fmt::print("{:>10} {:>10}  {}\n", count_text(shape.objects), bytes_text(shape.bytes),
               printable(short_type(shape.type)));
  }
}

void print_text(const std::vector<Snapshot>& snapshots, size_t top) {
  print_backlog(snapshots);
  const InterpreterState& last = snapshots.back().state;
  print_generations(last);
  print_waiting(last, top);
  print_allocator(last, top);
  fmt::print("\ninterned strings: {}, {}; immortal objects: {}, {}\n", count_text(last.interned),
             bytes_text(last.interned_bytes), count_text(last.immortal), bytes_text(last.immortal_bytes));
}

nlohmann::ordered_json json_of(const Snapshot& snapshot) {
  nlohmann::ordered_json json = {{"file", snapshot.file}, {"seconds", snapshot.seconds}};
  json.update(interpreter_json(snapshot.state));
  return json;
}

}  // namespace

RunCommand prepare_interpreter(CLI::App& parser) {
  auto options = std::make_shared<InterpreterOptions>();
  parser.add_option("DUMP", options->dumps, "dumps of a Python process, oldest first")->required();
  parser.add_flag("--json", options->json, "JSON, one element a dump");
  parser.add_option("--top", options->top, "shapes to list")->capture_default_str();
  return [options] {
    std::vector<Snapshot> snapshots;
    for (const std::string& path : options->dumps) snapshots.push_back(read_snapshot(path));
    if (!options->json) {
      print_text(snapshots, options->top);
      return kExitClean;
    }
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const Snapshot& snapshot : snapshots) json.push_back(json_of(snapshot));
    fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    return kExitClean;
  };
}

}  // namespace reftally
