// The identity of a finding over runs, builds and machines: rule, types, members and, where a finding has no members to
// go by, the functions it was born in. No addresses, no indexes, no line numbers.
#pragma once

#include <string>

#include "analyzer/findings/finding.h"

namespace reftally {

std::string fingerprint_text(const Heap& heap, const Finding& finding);  // what is hashed
std::string fingerprint(const Heap& heap, const Finding& finding);       // 16 hexadecimal digits

}  // namespace reftally
