// Which Python code made an object: allocator hooks (PyMem_SetAllocator) that note the call stack of each allocation.
//
// Stacks are numbered by call_stacks.h. A shadow table holds the number of the stack for each block, 4 bytes for 16:
// one table of 1 MiB of address space a leaf. Nothing is done when a block is freed: the next block there overwrites
// the number, and only live blocks are looked up.
#pragma once

#include "runtime/dump/writer.h"
#include "runtime/python/call_stacks.h"
#include "runtime/python/memory.h"
#include "runtime/python/native_frames.h"
#include "runtime/python/walk.h"

namespace reftally::python {

// With the GIL. Blocks that exist already have no birth. False, with one line on stderr, when it cannot be done.
bool record_births(uint32_t depth) noexcept;
bool births_are_recorded() noexcept;
bool record_native_frames() noexcept;             // too, from now on
uint32_t birth_of_block(Address block) noexcept;  // number of its stack, from 1; 0 unknown
bool is_memory_block(Address block) noexcept;     // from PyMem_Malloc: no object

// In the snapshot child: what a snapshot says of the stacks that its objects have.
class BirthWriter {
 public:
  uint32_t node_of(uint32_t stack) noexcept;  // node of kTagDeclaredStacks, made when new
  void write(dump::Writer& writer) noexcept;  // DFRM, DNFR, DSTK

 private:
  struct Frame {
    Address code, instruction;  // code 0: a return address
  };

  uint32_t add_python(uint32_t stack) noexcept;
  uint32_t add_native(const NativeStack& stack) noexcept;
  uint32_t node_below(uint32_t parent, const CallSite& site) noexcept;
  uint32_t frame_of(Address code, Address instruction) noexcept;
  dump::DeclaredFrame described(dump::Writer& writer, const Frame& frame) noexcept;
  void write_native(dump::Writer& writer) noexcept;

  Column<Frame> frames_;
  Column<dump::DeclaredStackNode> nodes_;
  AddressMap<uint32_t> frame_index_;  // by instruction, + 1: it lies in one code object
  AddressMap<uint32_t> node_index_;   // by frame and parent, + 1
  AddressMap<uint32_t> stack_node_;   // by number of the stack
};

}  // namespace reftally::python
