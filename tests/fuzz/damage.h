// Damage done to dumps, repeatably. A byte flipped at random dies at the first checksum, so half of the damage is done
// to what the checksums protect, and sealed again.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace reftally::testing {

using Random = std::mt19937_64;

std::string damage_bytes(std::string file, Random& random);         // of the file as it lies on the disk
std::string damage_facts(const std::string& file, Random& random);  // of records; the container stays whole

}  // namespace reftally::testing
