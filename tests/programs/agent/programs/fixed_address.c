// An executable that is not position independent finds the agent's functions too, and does without them.
// dumps: 2
#include <reftally.h>
#include <stdio.h>

int main(void) {
  static int object;
  reftally_expect_released(&object, "never allocated");
  reftally_add_root_region(&object, &object + 1, "the object");
  if (reftally_present() != (reftally_dump() == 0)) return 1;
  puts("went on");
  return 0;
}
