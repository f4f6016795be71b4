// The life of the Python agent in a process; see agent.cc.
#pragma once

namespace reftally::python {

void snapshot_at_exit() noexcept;  // the calling thread holds the GIL

}  // namespace reftally::python
