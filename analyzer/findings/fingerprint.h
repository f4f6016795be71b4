// The identity of a finding over runs, builds and machines: rule, types, members and, where a finding has no members to
// go by, the functions it was born in. No addresses, no indexes, no line numbers.
#pragma once

#include <string>

#include "analyzer/findings/finding.h"

namespace reftally {

std::string fingerprint_text(const Heap& heap, const Finding& finding);  // what is hashed
std::string fingerprint(const Heap& heap, const Finding& finding);       // 16 hexadecimal digits
// Of a dead cycle: the fingerprint it has when something looks on, or does not: that may be a stale word, which is
// there in one run and not in the next. Else empty.
std::string twin_fingerprint(const Heap& heap, const Finding& finding);

}  // namespace reftally
