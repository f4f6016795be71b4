// Which release gives back which reference, where nobody tells the holders (GObject).
//
// A release belongs to the acquire with which it shares the longest call path from the outermost frame on: what a
// function takes and gives back before it returns. Of equally long ones, to that with a way from there as long as its
// own. Where two are still alike, neither is taken for it. Where the ways part in two functions (a queue takes what its
// consumer gives back), that tells nothing unless only one acquire is left.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "analyzer/flavours/event_tallies.h"
#include "analyzer/image/image.h"

namespace reftally {

// `rows` of one object: what belongs together is taken off, and the sum stays as it is. The reference that the object
// was born with at `birth` takes part, when there was one: a release that belongs to it stays, as the one unit below
// zero. `function_of`: name of the function that a return address is in; empty when unknown.
using FunctionOf = std::function<std::string(uint64_t ip)>;
void match_releases(const Image& image, StackId birth, bool born_with_one, const FunctionOf& function_of,
                    std::vector<EventTallies::Row>& rows);

}  // namespace reftally
