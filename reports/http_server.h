// A web server for one reader on this machine: loopback only, GET only, a random token as first part of every path.
// What it refuses: other hosts (DNS rebinding), other origins, other methods, wrong tokens, anything that is not one of
// its pages. A client that says nothing, reads nothing or sends for ever costs one of a few threads for a few seconds.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace reftally {

struct HttpRequest {
  std::string page;  // behind the token, without query: "", "search"
  std::map<std::string, std::string> arguments;
};

struct HttpAnswer {
  int status = 200;
  std::string type = "application/json";
  std::string body;
};

class HttpServer {
 public:
  // Called from several threads at once.
  using Answerer = std::function<HttpAnswer(const HttpRequest&)>;

  HttpServer(uint16_t port, Answerer answerer);  // port 0: any that is free
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string url() const;         // with the token
  void serve(int until_readable);  // returns when that file descriptor is readable

 private:
  bool start(int client);  // false: no thread can be had
  void handle(int client);
  std::string answer_to(const std::string& head) const;
  bool is_own_name(const std::string& host) const;

  Answerer answerer_;
  int socket_ = -1;
  uint16_t port_ = 0;
  std::string token_;
  std::atomic<int> clients_ = 0;
};

}  // namespace reftally
