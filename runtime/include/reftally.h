/* Reftally, seen from a program: ask for a snapshot, say what should be dead, name memory that holds references.
 *
 * The agent of `reftally run -- PROGRAM` defines the symbols below; they are weak, so that a program links and
 * runs without it and then pays one test of a pointer for each call. Call the functions after them. */
#ifndef REFTALLY_H
#define REFTALLY_H

#ifdef __cplusplus
extern "C" {
#endif

__attribute__((weak)) int reftally_agent_dump(void);
__attribute__((weak)) unsigned reftally_agent_snapshot(unsigned long reason, unsigned long wait);
__attribute__((weak)) void reftally_agent_expect_released(const void* object, const char* reason);
__attribute__((weak)) void reftally_agent_add_root_region(const void* begin, const void* end, const char* name);

__attribute__((weak)) void reftally_agent_reference(unsigned what, const void* object, const void* holder,
                                                    const void* next_holder);

/* `what` of reftally_agent_reference. */
enum {
  REFTALLY_ACQUIRE = 1,
  REFTALLY_RELEASE = 2,
  REFTALLY_RELEASE_LAST = 3,
  REFTALLY_MOVE = 4,
  REFTALLY_BORN = 5,
  /* Of objects whose holders are never told: kept by call stack, and matched when the dump is read. */
  REFTALLY_TAKE = 6,
  REFTALLY_GIVE = 7
};

enum { REFTALLY_ASKED_BY_PROGRAM = 4 }; /* `reason` of reftally_agent_snapshot */

/* Sets `pointer` to an agent function, or to null. Read from the global offset table: in an executable that is not
 * position independent, a plain reference to a weak symbol is settled as null by the linker, whatever is preloaded. */
#ifdef __x86_64__
#define REFTALLY_FIND(pointer, function) \
  __asm__(".weak " #function "\n\tmovq " #function "@GOTPCREL(%%rip), %0" : "=r"(pointer))
#else
#define REFTALLY_FIND(pointer, function) (pointer) = (function)
#endif

/* 1 under `reftally run`, else 0. */
static inline int reftally_present(void) {
  int (*dump)(void);
  REFTALLY_FIND(dump, reftally_agent_dump);
  return dump != 0;
}

/* Writes a dump now; the program goes on while it is written. 0, or -1 when there is no agent or it could not. */
static inline int reftally_dump(void) {
  int (*dump)(void);
  REFTALLY_FIND(dump, reftally_agent_dump);
  return dump ? dump() : -1;
}

/* The same, and waits until the dump is whole. Its number, the N of NAME.PID.N.tally, or 0 when there is none. */
static inline unsigned reftally_dump_whole(void) {
  unsigned (*snapshot)(unsigned long, unsigned long);
  REFTALLY_FIND(snapshot, reftally_agent_snapshot);
  return snapshot ? snapshot(REFTALLY_ASKED_BY_PROGRAM, 1) : 0;
}

/* From now on `object` (its address, or the smart pointer's get()) should go away; a later dump that still has it
 * reports who holds it. `reason` is copied. */
static inline void reftally_expect_released(const void* object, const char* reason) {
  void (*expect_released)(const void*, const char*);
  REFTALLY_FIND(expect_released, reftally_agent_expect_released);
  if (expect_released) expect_released(object, reason);
}

/* Words in [begin, end) keep what they point to alive: shared memory, memory of an allocator of your own. */
static inline void reftally_add_root_region(const void* begin, const void* end, const char* name) {
  void (*add_root_region)(const void*, const void*, const char*);
  REFTALLY_FIND(add_root_region, reftally_agent_add_root_region);
  if (add_root_region) add_root_region(begin, end, name);
}

/* Counts that the agent cannot see for itself (a ref() of your own): one call for each change of a count, and Reftally
 * tells which call took the reference that was never given back. `object`: the address that the counted pointers hold.
 * `holder`: the address of the pointer that has the reference, or null when nobody knows; with its highest bit set,
 * any number that pairs a release with its acquire. The reference that an object
 * is born with is not told. reftally_release is called before the count goes down, with `is_last` 1 when the object
 * dies of it. */
static inline void reftally_acquire(const void* object, const void* holder) {
  void (*reference)(unsigned, const void*, const void*, const void*);
  REFTALLY_FIND(reference, reftally_agent_reference);
  if (reference) reference(REFTALLY_ACQUIRE, object, holder, 0);
}
static inline void reftally_release(const void* object, const void* holder, int is_last) {
  void (*reference)(unsigned, const void*, const void*, const void*);
  REFTALLY_FIND(reference, reftally_agent_reference);
  if (reference) reference(is_last ? REFTALLY_RELEASE_LAST : REFTALLY_RELEASE, object, holder, 0);
}
/* As reftally_acquire, of an object that has just been made: what was told of another at its address is of the past. */
static inline void reftally_born(const void* object, const void* holder) {
  void (*reference)(unsigned, const void*, const void*, const void*);
  REFTALLY_FIND(reference, reftally_agent_reference);
  if (reference) reference(REFTALLY_BORN, object, holder, 0);
}
/* The reference has another holder now: a move, a swap. */
static inline void reftally_move(const void* object, const void* from, const void* to) {
  void (*reference)(unsigned, const void*, const void*, const void*);
  REFTALLY_FIND(reference, reftally_agent_reference);
  if (reference) reference(REFTALLY_MOVE, object, from, to);
}

#ifdef __cplusplus
}
#endif

#endif
