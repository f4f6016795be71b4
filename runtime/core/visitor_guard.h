// Calls a function of the program in the child that writes a dump, where a crash or a lock that nobody will unlock ends
// that call only.
#pragma once

#include "runtime/include/reftally.h"

namespace reftally::runtime {

class VisitorGuard {
 public:
  using Visitor = void (*)(const void* object, reftally_visit visit, void* context);

  // False when the system calls it takes may be forbidden, or this is no child: then call() answers false.
  bool install() noexcept;
  void remove() noexcept;

  // False when the visitor crashed, or all calls together have taken too long: then it is not called again.
  bool call(Visitor visitor, const void* object, reftally_visit visit, void* context) noexcept;
  static void give_up() noexcept;  // by what the visitor has called: as if it had crashed

  // While one exists, running out of time waits.
  struct Pause {
    Pause() noexcept;
    ~Pause();
  };
};

}  // namespace reftally::runtime
