// References stored as numbers of slots, which only a visitor knows.
// expect: unreachable-cycle type=slotted instances=1
#include <stdio.h>
#include <stdlib.h>

#include "reftally.h"

struct slotted {
  long refs;
  unsigned other; /* number of its slot; 0: none */
};
static unsigned long slots[16]; /* a table of what looks like no address */
static const unsigned long kMask = 0x5a5a5a5a5a5a5a5aul;

static struct slotted* get(unsigned number) { return (struct slotted*)(slots[number] ^ kMask); }

static void visit_slotted(const void* object, reftally_visit visit, void* context) {
  const struct slotted* self = object;
  if (self->other != 0) visit(context, NULL, get(self->other), REFTALLY_STRONG, "other");
}
static const struct reftally_type slotted_type = {
    REFTALLY_TYPE(struct slotted, "slotted", refs), 0, 0, NULL, NULL, 0, visit_slotted};

static unsigned make(unsigned number) {
  struct slotted* made = calloc(1, sizeof *made);
  made->refs = 1;
  reftally_object(made, &slotted_type);
  slots[number] = (unsigned long)made ^ kMask;
  return number;
}

int main(void) {
  const unsigned a = make(1), b = make(2);
  get(a)->other = b;
  get(b)->other = a;
  printf("%ld %ld\n", get(a)->refs, get(b)->refs);
  return 0;
}
