// Programs of a run that were started with an environment that does not have the agent: nobody looked into them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace reftally {

struct UnseenProgram {
  std::string starter;  // name of the executable
  std::string program;  // as given to execve(2)
};

// Each once, in order. Removes what the agent has noted of them.
std::vector<UnseenProgram> take_unseen_programs(const std::string& folder, uint64_t run);

// Only those `names` has, as `reftally run --only` gives them, where it has any.
std::vector<UnseenProgram> named_by(const std::vector<std::string>& names, std::vector<UnseenProgram> programs);

// "env started ./server without the agent …", with what to do; `command` is that of the run. Empty when there is none.
std::string unseen_message(const std::vector<UnseenProgram>& programs, const std::vector<std::string>& command);

}  // namespace reftally
