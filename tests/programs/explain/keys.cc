// A map's keys stand between the brackets.
// explain: Handler
//   1  Session::routes["/a"].handler  (strong
//   1  Session::by_number[404]  (strong
//   1  Session::by_verb[1]  (strong
//   1  Session::nested[][7]  (strong
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

struct Handler {
  int number = 0;
};
struct Route {
  std::shared_ptr<Handler> handler;
};
enum class Verb { kGet, kPut };
struct Session {
  std::map<std::string, Route> routes;
  std::unordered_map<int, std::shared_ptr<Handler>> by_number;
  std::map<Verb, std::shared_ptr<Handler>> by_verb;
  std::map<std::string, std::map<long, std::shared_ptr<Handler>>> nested;
};
std::shared_ptr<Session> g_session;

int main() {
  g_session = std::make_shared<Session>();
  auto handler = std::make_shared<Handler>();
  g_session->routes["/a"].handler = handler;
  g_session->by_number[404] = handler;
  g_session->by_verb[Verb::kPut] = handler;
  g_session->nested["a key that is longer than a short string"][7] = handler;
}
