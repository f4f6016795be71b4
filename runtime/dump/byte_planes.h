// Bytes of 8-byte words put in planes: the first bytes of all words, then the second, and so on; a rest of fewer than 8
// bytes comes last, as it is. Addresses and small numbers differ little in their upper bytes from one word to the next.
// zstd finds that as a few long matches in planes, and as many short ones in words: dumps are a third as large for it,
// and faster to write and to read. (Known as byte shuffling; F. Alted, Why modern CPUs are starving, CiSE 12, 2010.)
#pragma once

#include <emmintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace reftally::dump {

namespace planes {

constexpr size_t kStepWords = 16, kStep = 8 * kStepWords;

struct Step {  // loops over it are unrolled, so that it stays in registers
  __m128i rows[8];
};

// Bytes of a step are numbered by 7 bits: 3 of the row, 4 of the place in it. This rotates them: the highest bit of the
// row becomes the lowest of the place.
inline Step rotate(const Step& step) {
  Step result;
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    result.rows[2 * i] = _mm_unpacklo_epi8(step.rows[i], step.rows[i + 4]);
    result.rows[2 * i + 1] = _mm_unpackhi_epi8(step.rows[i], step.rows[i + 4]);
  }
  return result;
}

inline Step load(const uint8_t* from, size_t stride) {
  Step step;
#pragma GCC unroll 8
  for (size_t i = 0; i < 8; i++) step.rows[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i * stride));
  return step;
}

inline void store(const Step& step, uint8_t* to, size_t stride) {
#pragma GCC unroll 8
  for (size_t i = 0; i < 8; i++) _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i * stride), step.rows[i]);
}

}  // namespace planes

inline void to_planes(const uint8_t* bytes, size_t size, uint8_t* result) {
  const size_t words = size / 8;
  size_t word = 0;
  for (; word + planes::kStepWords <= words; word += planes::kStepWords) {
    const planes::Step step = planes::load(bytes + 8 * word, 16);
    planes::store(rotate(rotate(rotate(rotate(step)))), result + word, words);
  }
  for (; word < words; word++)
    for (size_t plane = 0; plane < 8; plane++) result[plane * words + word] = bytes[8 * word + plane];
  memcpy(result + 8 * words, bytes + 8 * words, size % 8);
}

inline void from_planes(const uint8_t* bytes, size_t size, uint8_t* result) {
  const size_t words = size / 8;
  size_t word = 0;
  for (; word + planes::kStepWords <= words; word += planes::kStepWords) {
    const planes::Step step = planes::load(bytes + word, words);
    planes::store(rotate(rotate(rotate(step))), result + 8 * word, 16);
  }
  for (; word < words; word++)
    for (size_t plane = 0; plane < 8; plane++) result[8 * word + plane] = bytes[plane * words + word];
  memcpy(result + 8 * words, bytes + 8 * words, size % 8);
}

}  // namespace reftally::dump
