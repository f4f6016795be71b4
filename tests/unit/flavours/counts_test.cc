// Strong or weak, told by counts: what events add to it. The proofs by counts alone are seen in lift_test.cc.
#include "analyzer/flavours/counts.h"

#include <catch2/catch.hpp>

using namespace reftally;

namespace {

// What counts tell of words that lead to one object with `strong` and `weak` references.
std::vector<Candidate> classified(int32_t strong, int32_t weak, std::vector<Candidate> words) {
  CountedObjects counted;
  CountedObject object;
  object.address = 0x1000;
  object.strong = strong;
  object.weak = weak;
  counted.objects.push_back(object);
  counted.build_index();
  for (size_t i = 0; i < words.size(); i++) words[i].at = 0x2000 + 8 * i;
  classify_by_counts(counted, {}, words);
  return words;
}

// The first of some words, all in live memory; `own` of them stand in the object itself.
Candidate first_of(size_t count, int32_t strong, int32_t weak, size_t own) {
  std::vector<Candidate> words(count);
  for (size_t i = 0; i < own; i++) words[i].is_own = true;
  return classified(strong, weak, words)[0];
}

// Two words in buffers.
std::vector<Candidate> two_words(int32_t strong, int32_t weak, bool first_is_told) {
  std::vector<Candidate> words(2);
  for (Candidate& word : words) word.trust = Trust::kBuffer;
  words[0].is_told = first_is_told;
  return classified(strong, weak, words);
}

}  // namespace

TEST_CASE("a word in a buffer stays strong or weak until an event tells that its holder has a reference") {
  const std::vector<Candidate> silent = two_words(1, 1, false);
  CHECK(silent[0].kind == ReferenceKind::kAmbiguous);
  const std::vector<Candidate> told = two_words(1, 1, true);
  CHECK(told[0].kind == ReferenceKind::kStrong);
  CHECK(told[0].certainty == Certainty::kCounted);
  CHECK(told[1].kind == ReferenceKind::kRaw);
}

TEST_CASE("events are believed only as far as the strong count goes") {
  CHECK(two_words(0, 1, true)[0].kind != ReferenceKind::kStrong);
}

TEST_CASE("an object's word to itself is a weak one where weak units can pay and nothing else is there") {
  const Candidate word = first_of(1, 1, 1, 1);
  CHECK(word.kind == ReferenceKind::kWeak);
  CHECK(word.certainty == Certainty::kConservative);
  CHECK(first_of(1, 1, 0, 1).kind == ReferenceKind::kStrong);
  CHECK(first_of(1, 2, 1, 0).kind == ReferenceKind::kAmbiguous);
  CHECK(first_of(2, 2, 1, 1).kind == ReferenceKind::kAmbiguous);
}

TEST_CASE("an object's word to itself is the weak one where every word is paid for") {
  std::vector<Candidate> words(3);
  words[0].is_own = words[0].in_pair = true;
  const std::vector<Candidate> told = classified(2, 1, words);
  CHECK(told[0].kind == ReferenceKind::kWeak);
  CHECK(told[1].kind == ReferenceKind::kStrong);
  CHECK(told[2].kind == ReferenceKind::kStrong);
  for (const auto& [strong, weak] : {std::pair{1, 1}, std::pair{2, 2}, std::pair{3, 0}})
    CHECK(classified(strong, weak, words)[0].kind != ReferenceKind::kWeak);
  words[2].trust = Trust::kStack;  // that may be stale
  CHECK(classified(2, 1, words)[0].kind == ReferenceKind::kAmbiguous);
}
