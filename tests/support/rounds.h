// How many random inputs a random test tries: as many as fit a test run, or what `--rounds N` asks for.
#pragma once

namespace reftally {

int rounds(int usual);

}  // namespace reftally
