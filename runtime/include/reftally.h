/* Reftally, seen from a program: ask for a snapshot, say what should be dead, name memory that holds references.
 *
 * Every function is weak: a program that uses this header links without the agent and pays one test of a pointer
 * when none is loaded. Start it with `reftally run -- PROGRAM` to have the agent. */
#ifndef REFTALLY_H
#define REFTALLY_H

#ifdef __cplusplus
extern "C" {
#endif

__attribute__((weak)) int reftally_dump(void);
__attribute__((weak)) void reftally_expect_released(const void* object, const char* reason);
__attribute__((weak)) void reftally_add_root_region(const void* begin, const void* end, const char* name);

/* Writes a dump now; the program goes on while it is written. 0, or -1 when there is no agent or it could not. */
static inline int reftally_take_dump(void) { return reftally_dump ? reftally_dump() : -1; }

/* From now on `object` (its address, or the smart pointer's get()) should go away; a later dump that still has it
 * reports who holds it. `reason` is copied. */
static inline void reftally_expect_release_of(const void* object, const char* reason) {
  if (reftally_expect_released) reftally_expect_released(object, reason);
}

/* Words in [begin, end) keep what they point to alive: shared memory, memory of an allocator of your own. */
static inline void reftally_declare_root_region(const void* begin, const void* end, const char* name) {
  if (reftally_add_root_region) reftally_add_root_region(begin, end, name);
}

#ifdef __cplusplus
}
#endif

#endif
