// One release too many: two owners and a count of one. The next owner to go destroys what the other still uses.
// expect: over-release type=Session
#include <cstring>
#include <memory>
#include <vector>

struct Session {
  int id_ = 7;
};
using Sessions = std::vector<std::shared_ptr<Session>>;
Sessions& g_sessions = *new Sessions(2);  // never destroyed

int main() {
  g_sessions[0] = std::make_shared<Session>();
  std::memcpy(static_cast<void*>(&g_sessions[1]), static_cast<void*>(&g_sessions[0]), sizeof g_sessions[0]);
}
