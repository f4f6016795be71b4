// The overlay's calls into the agent keep every register that tells the compiler they do, on the shortest way and on
// all others: rax, r10, r11 and those of the callee. Where there is no agent it has nothing to ask. usage:
// keep_registers
#include <cstdint>
#include <cstdio>

extern "C" {
[[gnu::weak]] void reftally_agent_acquire_2(uint64_t object, uint64_t holder, uint64_t, uint64_t);
[[gnu::weak]] void reftally_agent_release_2(uint64_t object, uint64_t holder, uint64_t is_last, uint64_t);
[[gnu::weak]] void reftally_agent_counted_release(uint64_t object, uint64_t holder, uint64_t, uint64_t);
[[gnu::weak]] void reftally_agent_move_2(uint64_t object, uint64_t from, uint64_t to, uint64_t);
[[gnu::weak]] void reftally_agent_swap_2(uint64_t now_in_one, uint64_t one, uint64_t now_in_other, uint64_t other);
}

namespace {

using Entry = void (*)(uint64_t, uint64_t, uint64_t, uint64_t);
using Words = uint64_t[2];

// Whether all are as before.
[[gnu::noinline]] bool keeps(Entry entry, const void* a, const void* b, uint64_t c, const void* d = nullptr) {
  uint64_t same, first = reinterpret_cast<uint64_t>(a), second = reinterpret_cast<uint64_t>(b),
                 fourth = reinterpret_cast<uint64_t>(d);
  register Entry entry_in_r15 asm("r15") = entry;
  asm volatile(
      "push %%rbp\n\tmov $0x101, %%eax\n\tmov $0x202, %%r10d\n\tmov $0x303, %%r11d\n\tmov $0x404, %%ebx\n\t"
      "mov $0x505, %%r12d\n\tmov $0x606, %%r13d\n\tmov $0x707, %%r14d\n\tmov %%rsp, %%rbp\n\t"
      "lea -128(%%rsp), %%rsp\n\tcall *%%r15\n\tlea 128(%%rsp), %%rsp\n\t"
      "xor $0x101, %%rax\n\txor $0x202, %%r10\n\txor $0x303, %%r11\n\txor $0x404, %%rbx\n\txor $0x505, %%r12\n\t"
      "xor $0x606, %%r13\n\txor $0x707, %%r14\n\txor %%rsp, %%rbp\n\t"
      "or %%r10, %%rax\n\tor %%r11, %%rax\n\tor %%rbx, %%rax\n\tor %%r12, %%rax\n\tor %%r13, %%rax\n\tor %%r14, "
      "%%rax\n\t"
      "or %%rbp, %%rax\n\tpop %%rbp"
      : "=&a"(same), "+D"(first), "+S"(second), "+d"(c), "+c"(fourth)
      : "r"(entry_in_r15)
      : "memory", "cc", "r8", "r9", "r10", "r11", "rbx", "r12", "r13", "r14", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
        "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
  return same == 0;
}

bool keeps_all(const Words& object, Words* holders) {
  const auto word = [](const Words& holder) { return reinterpret_cast<uint64_t>(&holder); };
  bool kept = true;
  for (int round = 0; round < 3; round++) {  // the first makes what the later ones find
    kept &= keeps(reftally_agent_acquire_2, object, holders[0], 0) &&
            keeps(reftally_agent_acquire_2, object, holders[1], 0);
    kept &= keeps(reftally_agent_move_2, object, holders[0], word(holders[2]));
    kept &= keeps(reftally_agent_swap_2, object, holders[1], reinterpret_cast<uint64_t>(object), holders[2]);
    kept &= keeps(reftally_agent_release_2, object, holders[2], 0) &&
            keeps(reftally_agent_release_2, object, holders[1], 0);
    kept &= keeps(reftally_agent_release_2, object, holders[0], 1);  // holds nothing
    kept &= keeps(reftally_agent_acquire_2, object, holders[0], 0) &&
            keeps(reftally_agent_counted_release, object, holders[0], 0) &&
            keeps(reftally_agent_counted_release, object, holders[0], 0);
  }
  return kept;
}

}  // namespace

int main() {
  if (reftally_agent_acquire_2 == nullptr) return 0;
  alignas(16) static Words object, holders[3];
  if (keeps_all(object, holders)) return 0;
  std::puts("a register is not as it was");
  return 1;
}
