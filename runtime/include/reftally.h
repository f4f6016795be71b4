/* Reftally, seen from a program: ask for a snapshot, say what should be dead, name memory that holds references.
 *
 * The agent of `reftally run -- PROGRAM` defines the symbols below; they are weak, so that a program links and
 * runs without it and then pays one test of a pointer for each call. Call the functions after them. */
#ifndef REFTALLY_H
#define REFTALLY_H

#include <stddef.h>

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

struct reftally_type;
__attribute__((weak)) void reftally_agent_object(const void* object, const struct reftally_type* type);

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

/* ---- Types with counts of their own, in C or in the runtime of a language.
 *
 * Told once, such a type's objects are counted objects for Reftally, without debug information: who holds them, which
 * of them only keep each other alive, which lost a release.
 *
 *   static const struct reftally_field node_fields[] = {
 *       REFTALLY_FIELD(struct node, next, REFTALLY_STRONG),
 *       REFTALLY_FIELD(struct node, parent, REFTALLY_WEAK),
 *       REFTALLY_ARRAY(struct node, children, child_count, REFTALLY_STRONG),
 *   };
 *   static const struct reftally_type node_type = {
 *       REFTALLY_TYPE(struct node, "node", refs), 0, 0, (void (*)(void*))node_free, node_fields, 3, NULL};
 *
 *   struct node* node = calloc(1, sizeof *node);
 *   node->refs = 1;
 *   reftally_object(node, &node_type);
 */

/* What a field holds: a pointer that has a reference, one that has none, or one to a block (from malloc) that goes with
 * the object. A strong pointer that is not null has a reference, always. */
enum { REFTALLY_STRONG = 1, REFTALLY_WEAK = 2, REFTALLY_OWNED = 3 };

/* One pointer; several of them in the object; or several in a block of its own that the pointer leads to. */
enum { REFTALLY_ONE = 0, REFTALLY_INSIDE = 1, REFTALLY_ALLOCATED = 2 };

struct reftally_field {
  const char* name;
  unsigned kind, array;
  size_t offset;
  size_t stride, element_offset;     /* from element to element; of the pointer in each */
  size_t length_offset, length_size; /* the number of elements stands there in the object; size 0: it is `length` */
  size_t length;                     /* 0: as many as their block has room for */
};

/* clang-format off */
#define REFTALLY_SIZE_OF(type, member) sizeof(((type*)0)->member)
#define REFTALLY_FIELD(type, member, kind) {#member, kind, REFTALLY_ONE, offsetof(type, member), 0, 0, 0, 0, 0}
/* T* member[N] */
#define REFTALLY_INSIDE_ARRAY(type, member, kind)                                            \
  {#member "[]", kind, REFTALLY_INSIDE, offsetof(type, member), sizeof(void*), 0, 0, 0,      \
   REFTALLY_SIZE_OF(type, member) / sizeof(void*)}
/* T** member, whose elements `count_member` counts */
#define REFTALLY_ARRAY(type, member, count_member, kind)                                     \
  {#member "[]", kind, REFTALLY_ALLOCATED, offsetof(type, member), sizeof(void*), 0,         \
   offsetof(type, count_member), REFTALLY_SIZE_OF(type, count_member), 0}
/* struct element* member, each with a pointer `in_element` */
#define REFTALLY_TABLE(type, member, count_member, element, in_element, kind)                \
  {#member "[]." #in_element, kind, REFTALLY_ALLOCATED, offsetof(type, member), sizeof(element), \
   offsetof(element, in_element), offsetof(type, count_member), REFTALLY_SIZE_OF(type, count_member), 0}
/* clang-format on */

/* Where references are not at fixed places: a visitor calls `visit` once for each. `target` is what the pointer leads
 * to, `place` the address of the pointer, or null where it is stored as something else; `name` is a string that stays.
 * It is called in a copy of the process, when a snapshot is written, so whatever it does the program does not feel; but
 * locks that other threads held stay locked there, files are closed, and the stack is half a megabyte. So: read, call
 * visit, nothing else. One that crashes, takes seconds, or tells millions of references of one object, is given up, and
 * its objects are judged as if nothing were known of their fields. */
typedef void (*reftally_visit)(void* context, const void* place, const void* target, unsigned kind, const char* name);

/* Must stay as it is while the program runs. At most 1,024 types of 48 fields: what is more is not known. */
struct reftally_type {
  size_t struct_size; /* sizeof(struct reftally_type) */
  const char* name;
  size_t size;                         /* of an object; 0: as large as its block */
  size_t count_offset, count_size;     /* an integer of 1, 2, 4 or 8 bytes */
  unsigned count_shift;                /* bits of it, from the lowest, that are flags */
  long count_bias;                     /* added to it: 1 where a count of 0 means one reference */
  void (*finalizer)(void*);            /* what frees an object; for its name only */
  const struct reftally_field* fields; /* all that hold a reference; with neither fields nor a visitor, any pointer */
  size_t field_count;                  /* may */
  void (*visitor)(const void* object, reftally_visit visit, void* context);
};
#define REFTALLY_TYPE(type, name, count_member) \
  sizeof(struct reftally_type), name, sizeof(type), offsetof(type, count_member), REFTALLY_SIZE_OF(type, count_member)

/* `object`, just made in memory from malloc (or just come through realloc) at a multiple of 8, is of this type. When its
 * block is freed it is forgotten; one that shares a block with others and dies alone needs reftally_gone. */
static inline void reftally_object(const void* object, const struct reftally_type* type) {
  void (*tell)(const void*, const struct reftally_type*);
  REFTALLY_FIND(tell, reftally_agent_object);
  if (tell) tell(object, type);
}
static inline void reftally_gone(const void* object) {
  void (*tell)(const void*, const struct reftally_type*);
  REFTALLY_FIND(tell, reftally_agent_object);
  if (tell) tell(object, 0);
}

#ifdef __cplusplus
}
#endif

#endif
