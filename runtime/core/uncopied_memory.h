// Memory that a program keeps from its children (MADV_DONTFORK: buffers of devices, of MPD) or has wiped there
// (MADV_WIPEONFORK: keys, states of random numbers): a child that writes a dump does not have it, and fetches it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace reftally::runtime {

// In the program, when it keeps memory from its children for the first time: in the child, what is mapped may come to
// lie where such memory belongs. False when there is no memory.
bool prepare_uncopied_memory() noexcept;
// In the program, after that: this is wiped in children from now on.
void note_wiped_memory(const void* memory, size_t size) noexcept;
// In the child: what `process` has and the child has not is put where it stands there.
void fetch_uncopied_memory(uint32_t process) noexcept;
// In the program, whose threads stand still: waits until the child has it. Yama lets only those look into a process
// that it names.
void let_fetch(long child) noexcept;
const char* uncopied_memory_trouble() noexcept;  // what could not be fetched; nullptr: nothing

}  // namespace reftally::runtime
