// Objects cut from one block, some of them gone, and a table of entries that hold them. The count has a flag in its
// lowest bit, and 0 of it means one reference.
// expect: unreachable-cycle type=cell instances=1
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reftally.h"

struct entry {
  const char* key;
  struct cell* value;
};
struct cell {
  struct entry* entries;
  unsigned short entry_count;
  unsigned char count_and_flag;
  struct cell* others[2];
};
static const struct reftally_field cell_fields[] = {
    REFTALLY_TABLE(struct cell, entries, entry_count, struct entry, value, REFTALLY_STRONG),
    REFTALLY_INSIDE_ARRAY(struct cell, others, REFTALLY_STRONG),
};
static const struct reftally_type cell_type = {
    REFTALLY_TYPE(struct cell, "cell", count_and_flag), 1, 1, NULL, cell_fields, 2, NULL};

static struct cell* pool;
struct cell* kept; /* seen from outside, so that no compiler drops it */

static struct cell* make_cell(int i, unsigned references) {
  struct cell* cell = &pool[i];
  memset(cell, 0, sizeof *cell);
  cell->count_and_flag = (unsigned char)((references - 1) << 1 | 1);
  reftally_object(cell, &cell_type);
  return cell;
}

int main(void) {
  pool = calloc(100, sizeof *pool);
  for (int i = 0; i < 100; i++) make_cell(i, 1);
  for (int i = 0; i < 100; i++) { /* gone, and something else stands there */
    reftally_gone(&pool[i]);
    pool[i].others[0] = &pool[(i + 1) % 100];
  }
  memset(pool, 0, 100 * sizeof *pool);
  struct cell *a = make_cell(3, 2), *b = make_cell(4, 1), *c = make_cell(50, 1);
  a->entries = calloc(4, sizeof *a->entries);
  a->entry_count = 3;
  a->entries[2].key = "b";
  a->entries[2].value = b;
  b->others[1] = a;
  c->others[0] = a; /* c lives: the pool is held, and so is what it has */
  c->others[0] = NULL;
  a->count_and_flag = 0 << 1 | 1;
  pool = NULL; /* nobody leads to the pool any more, but for the cells themselves */
  kept = c;
  printf("%d\n", kept->count_and_flag);
  return 0;
}
