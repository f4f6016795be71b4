#include "runtime/python/stack_tables.h"

#include <string.h>

#include "runtime/core/system.h"
#include "runtime/python/named_code.h"
#include "runtime/python/references.h"

namespace reftally::python {

Chain* chains = nullptr;
Level* levels = nullptr;
Address* level_codes = nullptr;

namespace {

struct Site {  // with its chain, a stack
  Address instruction;
  Address code;
  uint32_t chain;
  uint32_t next;  // of its code; 0: none
};

// Reserved: 250 MiB of address space; memory is used as it is filled. Half of the chains and stacks are for use.
constexpr uint32_t kMaxChains = 1u << 19, kMaxStacks = 1u << 20, kMaxLevels = 1u << 23;

// Number 0 is unused in all of them. Slots are open addressing: a number, or 0. What has dead code in it is in no slot.
uint32_t* chain_slots = nullptr;
uint32_t* level_next = nullptr;  // of the same code; 0: none
Site* sites = nullptr;
uint32_t* site_slots = nullptr;
uint32_t chain_count = 0, level_count = 1, site_count = 0;
void (*forget)(Address instruction, uint32_t chain) noexcept = nullptr;

// Always false, and says so once.
bool refuse() noexcept {
  static bool said = false;
  if (!said) runtime::say("no room for more call stacks: what is allocated by new ones has no birth stack");
  said = true;
  return false;
}

// ---- slots

inline uint32_t home_of_chain(uint32_t chain) noexcept { return chains[chain].hash & (kMaxChains - 1); }
inline uint32_t home_of_site(Address instruction, uint32_t chain) noexcept {
  return static_cast<uint32_t>((instruction ^ uint64_t{chain} << 40) * kGolden >> 40) & (kMaxStacks - 1);
}
inline uint32_t home_of_site(uint32_t site) noexcept {
  return home_of_site(sites[site].instruction, sites[site].chain);
}

template <uint32_t Size>
void add_slot(uint32_t* slots, uint32_t home, uint32_t number) noexcept {
  while (slots[home] != 0) home = (home + 1) & (Size - 1);
  slots[home] = number;
}

// What lies behind it may have been pushed on by it, and moves up.
template <uint32_t Size, class Home>
void remove_slot(uint32_t* slots, uint32_t number, Home home) noexcept {
  uint32_t hole = home(number);
  for (; slots[hole] != number; hole = (hole + 1) & (Size - 1))
    if (slots[hole] == 0) return;
  for (uint32_t i = (hole + 1) & (Size - 1); slots[i] != 0; i = (i + 1) & (Size - 1)) {
    if (((i - home(slots[i])) & (Size - 1)) < ((i - hole) & (Size - 1))) continue;
    slots[hole] = slots[i];
    hole = i;
  }
  slots[hole] = 0;
}

// ---- chains

bool is_equal(const Chain& chain, const Walked& found) noexcept {
  if (chain.hash != found.hash || chain.count != found.count || chain.cut != found.cut) return false;
  for (uint32_t i = 0; i < found.count; i++)
    if (levels[chain.first + i].instruction != found.levels[i].instruction) return false;
  return true;
}

uint32_t known_chain(const Walked& found) noexcept {
  uint32_t i = found.hash & (kMaxChains - 1);
  for (; chain_slots[i] != 0; i = (i + 1) & (kMaxChains - 1))
    if (is_equal(chains[chain_slots[i]], found)) return chain_slots[i];
  return 0;
}

uint32_t add_chain(const Walked& found) noexcept {
  if (chain_count + 1 >= kMaxChains / 2 || level_count + found.count > kMaxLevels) return refuse();
  memcpy(levels + level_count, found.levels, found.count * sizeof(Level));
  memcpy(level_codes + level_count, found.codes, found.count * sizeof(Address));
  for (uint32_t i = 0; i < found.count; i++) {
    if (found.codes[i] == 0) continue;
    uint32_t& head = places_of_code(found.codes[i])->caller;
    level_next[level_count + i] = head;
    head = level_count + i;
  }
  chains[++chain_count] = {level_count, found.count, found.cut, found.hash, found.count, 0, 0};
  level_count += found.count;
  add_slot<kMaxChains>(chain_slots, home_of_chain(chain_count), chain_count);
  return chain_count;
}

// ---- stacks

uint32_t known_stack(Address instruction, uint32_t chain) noexcept {
  uint32_t i = home_of_site(instruction, chain);
  for (; site_slots[i] != 0; i = (i + 1) & (kMaxStacks - 1)) {
    const Site& site = sites[site_slots[i]];
    if (site.instruction == instruction && site.chain == chain) return site_slots[i];
  }
  return 0;
}

// ---- code that dies, and code that returns

uint32_t chain_of_level(uint32_t level) noexcept {  // the last that begins there or before
  uint32_t low = 1, high = chain_count;
  while (low < high) {
    const uint32_t middle = (low + high + 1) / 2;
    if (chains[middle].first <= level)
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}

inline Address buried(Address instruction, Address code) noexcept { return (instruction - code) << 1 | 1; }
inline Address raised(Address distance, Address code) noexcept { return code + (distance >> 1); }

// A chain of waiting callers has no dead code: no mark that is in use tells of one that is taken out here.
void on_code_dies(Address code, CodePlaces places, uint64_t words) noexcept {
  for (uint32_t at = places.caller; at != 0; at = level_next[at]) {
    const uint32_t chain = chain_of_level(at);
    remove_slot<kMaxChains>(chain_slots, chain, home_of_chain);
    chains[chain].marked = chains[chain].count;
    level_codes[at] = dead_code(words, code_line(code, levels[at].instruction));
    levels[at].instruction = buried(levels[at].instruction, code);
  }
  for (uint32_t at = places.innermost; at != 0; at = sites[at].next) {
    Site& site = sites[at];
    forget(site.instruction, site.chain);
    remove_slot<kMaxStacks>(site_slots, at, [](uint32_t number) noexcept { return home_of_site(number); });
    site.code = dead_code(words, code_line(code, site.instruction));
    site.instruction = buried(site.instruction, code);
  }
}

void raise_chain(uint32_t number) noexcept {
  Chain& chain = chains[number];
  ChainHash hash;
  for (uint32_t i = 0; i < chain.count; i++) {
    if (is_dead(level_codes[chain.first + i])) return;
    hash.add(levels[chain.first + i].instruction);
  }
  chain.hash = hash.of(chain.count);
  add_slot<kMaxChains>(chain_slots, home_of_chain(number), number);
}

void on_code_returns(Address code, CodePlaces places) noexcept {
  for (uint32_t at = places.caller; at != 0; at = level_next[at]) {
    level_codes[at] = code;
    levels[at].instruction = raised(levels[at].instruction, code);
    raise_chain(chain_of_level(at));
  }
  for (uint32_t at = places.innermost; at != 0; at = sites[at].next) {
    sites[at].code = code;
    sites[at].instruction = raised(sites[at].instruction, code);
    add_slot<kMaxStacks>(site_slots, home_of_site(at), at);
  }
}

CodePlaces join_places(CodePlaces first, CodePlaces second) noexcept {
  uint32_t *caller = &second.caller, *innermost = &second.innermost;
  while (*caller != 0) caller = &level_next[*caller];
  while (*innermost != 0) innermost = &sites[*innermost].next;
  *caller = first.caller;
  *innermost = first.innermost;
  return second;
}

constexpr CodeListener kListener{on_code_dies, on_code_returns, join_places};

template <class Row>
bool map_rows(Row*& rows, size_t count) noexcept {
  rows = static_cast<Row*>(runtime::map_memory(count * sizeof(Row)));
  return rows != nullptr;
}

}  // namespace

bool prepare_stack_tables(void (*to_forget)(Address instruction, uint32_t chain) noexcept) noexcept {
  forget = to_forget;
  return map_rows(chains, kMaxChains / 2) && map_rows(chain_slots, kMaxChains) && map_rows(levels, kMaxLevels) &&
         map_rows(level_codes, kMaxLevels) && map_rows(level_next, kMaxLevels) && map_rows(sites, kMaxStacks / 2) &&
         map_rows(site_slots, kMaxStacks) && prepare_named_code(kListener);
}

uint32_t chain_of(const Walked& callers) noexcept {
  if (const uint32_t known = known_chain(callers)) return known;
  for (uint32_t i = 0; i < callers.count; i++)
    if (callers.codes[i] != 0 && places_of_code(callers.codes[i]) == nullptr) return 0;
  const uint32_t returned = known_chain(callers);  // with code that took over from a dead one just now
  return returned != 0 ? returned : add_chain(callers);
}

uint32_t stack_of(Address code, Address instruction, uint32_t chain) noexcept {
  if (chain == 0) return 0;
  if (const uint32_t known = known_stack(instruction, chain)) return known;
  CodePlaces* places = code != 0 ? places_of_code(code) : nullptr;
  if (code != 0 && places == nullptr) return 0;
  if (const uint32_t returned = known_stack(instruction, chain)) return returned;
  if (site_count + 1 >= kMaxStacks / 2) return refuse();
  sites[++site_count] = {instruction, code, chain, places != nullptr ? places->innermost : 0};
  if (places != nullptr) places->innermost = site_count;
  add_slot<kMaxStacks>(site_slots, home_of_site(site_count), site_count);
  return site_count;
}

uint32_t call_stack_size(uint32_t stack) noexcept {
  return stack == 0 || stack > site_count ? 0 : chains[sites[stack].chain].count + 1;
}

CallSite call_site(uint32_t stack, uint32_t level) noexcept {
  const Site& site = sites[stack];
  const uint32_t at = chains[site.chain].first + level - 1;
  const Address code = level == 0 ? site.code : level_codes[at];
  return {code, is_dead(code) ? code : level == 0 ? site.instruction : levels[at].instruction};
}

}  // namespace reftally::python
