// Beside the dumps of a run: programs that were started without the agent. A line each: who started it, a tab, its name
// as it was given to exec. The file's name is this and the run's number.
#pragma once

namespace reftally::dump {

inline constexpr char kUnseenPrefix[] = ".reftally-unseen-";

}  // namespace reftally::dump
