// A job is kept for later, and the one who kept it goes without giving it back. Others who took it did.
// expect: leaked-reference type=DemoJob instances=3
// taken: keep_for_later lost_unref.c:15
#include "demo_object.h"

DEMO_TYPE(DemoJob, demo_job)

static void use(DemoJob* job) {
  DemoJob* mine = g_object_ref(job);
  mine->number++;
  g_object_unref(mine);
}

static void keep_for_later(DemoJob* job) {
  DemoJob* later = g_object_ref(job);
  later->number = 0;
}

int main(void) {
  for (int i = 0; i < 3; i++) {
    DemoJob* job = g_object_new(demo_job_get_type(), NULL);
    use(job);
    keep_for_later(job);
    use(job);
    g_object_unref(job);
  }
  return 0;
}
