#include <setjmp.h>
#include <signal.h>

#include "runtime/core/fault_handler.h"
#include "runtime/python/walk.h"

namespace reftally::python {
namespace {

sigjmp_buf point;
volatile bool armed = false;
constexpr int kStuckSeconds = 300;  // a call that waits for a lock of a thread that is not in this child

void on_fault(int number) {
  if (armed) siglongjmp(point, 1);
  runtime::say("no dump: the snapshot met memory that is not as expected: signal", "", static_cast<uint64_t>(number));
  runtime::end_child(false);
}

}  // namespace

void FaultGuard::install() noexcept { runtime::handle_faults(on_fault, kStuckSeconds, true); }

sigjmp_buf& FaultGuard::return_point() noexcept { return point; }
void FaultGuard::arm(bool on) noexcept { armed = on; }
void FaultGuard::give_up() noexcept {
  if (armed) siglongjmp(point, 1);
}

}  // namespace reftally::python
