// Why a program left no dump, where its file or its end tells.
#pragma once

#include <string>

namespace reftally {

// `program` as given to execvp(3), `status` as waitpid(2) tells it. A sentence without its end:
// "./server is statically linked: …".
std::string why_unrecorded(const std::string& program, int status);

}  // namespace reftally
