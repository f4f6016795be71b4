// When a block was born, in 32 bits that never wrap: the processor's time stamp since the start, as a float of 28 bits
// without a sign. Codes order as times do. They tell apart what is 32 cycles (some 10 ns) apart in the first seconds
// and 1/2^27 of the program's age later (0.5 us after a minute, 27 us after an hour); what is nearer has equal codes,
// which reads as "not known which was first". A counter for all threads would cost every malloc a shared cache line.
#pragma once

#include <x86intrin.h>

#include <bit>
#include <cstdint>

namespace reftally::runtime {

inline constexpr int kBirthUnit = 5;       // 2^5 cycles
inline constexpr int kBirthMantissa = 27;  // bits below the leading one
inline constexpr uint64_t kLastBirth = 0xffffffff;

// 1 and more, for 0 is "unknown".
inline uint32_t birth_code(uint64_t cycles) noexcept {
  const uint64_t units = (cycles >> kBirthUnit) + 1;
  const int shift = static_cast<int>(std::bit_width(units)) - (kBirthMantissa + 1);
  if (shift <= 0) return static_cast<uint32_t>(units);
  const uint64_t code = (units >> shift) + (static_cast<uint64_t>(shift) << kBirthMantissa);
  return static_cast<uint32_t>(code < kLastBirth ? code : kLastBirth);
}

inline uint64_t birth_cycles() noexcept { return __rdtsc(); }

}  // namespace reftally::runtime
