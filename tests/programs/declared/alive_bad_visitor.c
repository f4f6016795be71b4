// A visitor that crashes, one that never returns, one that runs out of stack: the program does not feel it, the dump is
// whole, and nothing is said of their objects but that they live.
// expect: none
#include <stdio.h>
#include <stdlib.h>

#include "reftally.h"

struct thing {
  int refs;
  struct thing* other;
};

static void crash(const void* object, reftally_visit visit, void* context) {
  const struct thing* self = object;
  visit(context, &self->other, self->other, REFTALLY_STRONG, (const char*)8);
}
static void overflow(const void* object, reftally_visit visit, void* context) {
  volatile char room[4096];
  room[0] = 0;
  overflow(object, visit, context);
  room[1] = room[0];
}
static void hang(const void* object, reftally_visit visit, void* context) {
  (void)object, (void)visit, (void)context;
  for (volatile int i = 0;; i = i + 1) continue;
}

#define TYPE(visitor) {REFTALLY_TYPE(struct thing, "thing", refs), 0, 0, NULL, NULL, 0, visitor}
static const struct reftally_type types[] = {TYPE(crash), TYPE(overflow), TYPE(hang)};

static struct thing* kept[6];

int main(void) {
  for (int i = 0; i < 6; i++) {
    kept[i] = calloc(1, sizeof *kept[i]);
    kept[i]->refs = 1;
    kept[i]->other = i != 0 ? kept[i - 1] : NULL;
    reftally_object(kept[i], &types[i % 3]);
  }
  printf("%d things\n", kept[5]->refs * 6);
  return 0;
}
