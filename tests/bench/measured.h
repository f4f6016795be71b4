// Time and memory of one piece of work, as a line of JSON.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace reftally {

class Measurements {
 public:
  // What the process has by now, the heap, is what the others' memory comes on top of.
  Measurements(uint64_t objects, uint64_t references, int rounds);

  // Of the round that took least: CPU time of all threads, and how much of it the kernel's (it clears new pages; a
  // virtual machine may have to ask its host for them first). Peak memory over what the process had before, and over
  // the heap.
  void run(const std::string& pass, const std::function<std::string()>& work) const;

 private:
  uint64_t objects_, references_;
  int rounds_;
  uint64_t heap_bytes_;
};

}  // namespace reftally
