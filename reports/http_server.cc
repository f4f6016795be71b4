#include "reports/http_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <system_error>
#include <thread>

#include "analyzer/base/error.h"

namespace reftally {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMostHead = 16 * 1024;  // bytes of a request
constexpr int kMostClients = 16;
constexpr auto kReadPatience = std::chrono::seconds(5), kWritePatience = std::chrono::seconds(20);
constexpr int kPauseMs = 50;  // when a client cannot be had or served now: no file descriptor, no thread
constexpr size_t kTokenBytes = 16;

std::string random_token() {
  unsigned char bytes[kTokenBytes];
  if (getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes))
    throw Error("no random numbers for a token");
  std::string token;
  for (unsigned char byte : bytes) token += fmt::format("{:02x}", byte);
  return token;
}

// Takes as long for a near miss as for a far one.
bool same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < a.size(); i++) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

bool wait_for(int socket, short events, Clock::time_point until) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
  pollfd waiting{socket, events, 0};
  return left > 0 && poll(&waiting, 1, static_cast<int>(left)) > 0;
}

// Up to the empty line; nothing when the client is too slow or says too much.
std::optional<std::string> read_head(int socket) {
  const auto until = Clock::now() + kReadPatience;
  std::string head;
  while (head.find("\r\n\r\n") == std::string::npos) {
    char buffer[2048];
    if (head.size() > kMostHead || !wait_for(socket, POLLIN, until)) return std::nullopt;
    const ssize_t got = recv(socket, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return std::nullopt;
    head.append(buffer, static_cast<size_t>(got));
  }
  return head;
}

void write_all(int socket, const std::string& bytes) {
  const auto until = Clock::now() + kWritePatience;
  for (size_t at = 0; at < bytes.size();) {
    if (!wait_for(socket, POLLOUT, until)) return;
    const ssize_t sent = send(socket, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (sent <= 0) return;
    at += static_cast<size_t>(sent);
  }
}

// Names in small letters. A name that is there twice has its values joined, which then match nothing.
std::map<std::string, std::string> read_headers(const std::string& head) {
  std::map<std::string, std::string> headers;
  for (size_t at = head.find("\r\n") + 2; at < head.size();) {
    const size_t end = std::min(head.find("\r\n", at), head.size());
    const size_t colon = head.find(':', at);
    if (colon < end) {
      std::string name = head.substr(at, colon - at);
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      const size_t begin = std::min(head.find_first_not_of(" \t", colon + 1), end);
      std::string& value = headers[name];
      value += (value.empty() ? "" : ", ") + head.substr(begin, end - begin);
    }
    at = end + 2;
  }
  return headers;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const int letter = std::tolower(static_cast<unsigned char>(c));
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

std::string decoded(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); i++) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0;
    if (!escape) {
      result += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    result += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
    i += 2;
  }
  return result;
}

std::map<std::string, std::string> read_arguments(std::string_view query) {
  std::map<std::string, std::string> arguments;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size()), equals = std::min(query.find('='), end);
    arguments[decoded(query.substr(0, equals))] =
        decoded(query.substr(std::min(equals + 1, end), end - std::min(equals + 1, end)));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return arguments;
}

std::string refusal(int status, const char* reason) {
  return fmt::format(
      "HTTP/1.1 {0} {1}\r\nContent-Type: text/plain\r\nContent-Length: {2}\r\nX-Content-Type-Options: nosniff\r\n"
      "Connection: close\r\n\r\n{1}\n",
      status, reason, std::strlen(reason) + 1);
}

}  // namespace

HttpServer::HttpServer(uint16_t port, Answerer answerer) : answerer_(std::move(answerer)), token_(random_token()) {
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int yes = 1;
  socklen_t size = sizeof address;
  setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool listening = socket_ >= 0 && bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                         listen(socket_, kMostClients) == 0 &&
                         getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (!listening) {
    const int error = errno;
    close(socket_);
    throw Error(fmt::format("port {}: cannot listen: {}", port, std::generic_category().message(error)));
  }
  port_ = ntohs(address.sin_port);
}

HttpServer::~HttpServer() {
  close(socket_);
  while (clients_ > 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));  // they use this object
}

std::string HttpServer::url() const { return fmt::format("http://127.0.0.1:{}/{}/", port_, token_); }

void HttpServer::serve(int until_readable) {
  for (;;) {
    pollfd waiting[] = {{socket_, POLLIN, 0}, {until_readable, POLLIN, 0}};
    if (poll(waiting, 2, -1) < 0 && errno != EINTR) return;
    if (waiting[1].revents != 0) return;
    if ((waiting[0].revents & POLLIN) == 0) continue;
    const int client = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0 && clients_ >= kMostClients) {
      close(client);
      continue;
    }
    if (client < 0 || !start(client)) poll(&waiting[1], 1, kPauseMs);
  }
}

bool HttpServer::start(int client) {
  clients_++;
  try {
    std::thread([this, client] { handle(client); }).detach();
    return true;
  } catch (const std::system_error&) {
    close(client);
    clients_--;
    return false;
  }
}

void HttpServer::handle(int client) {
  if (const std::optional<std::string> head = read_head(client)) write_all(client, answer_to(*head));
  close(client);
  clients_--;
}

bool HttpServer::is_own_name(const std::string& host) const {
  return host == fmt::format("127.0.0.1:{}", port_) || host == fmt::format("localhost:{}", port_);
}

std::string HttpServer::answer_to(const std::string& head) const {
  const std::string line = head.substr(0, head.find("\r\n"));
  const size_t first = line.find(' '), second = line.find(' ', first + 1);
  if (second == std::string::npos) return refusal(400, "Bad Request");
  std::map<std::string, std::string> headers = read_headers(head);
  if (!is_own_name(headers["host"])) return refusal(421, "Misdirected Request");
  const std::string& origin = headers["origin"];
  if (!origin.empty() && !(origin.starts_with("http://") && is_own_name(origin.substr(7))))
    return refusal(403, "Forbidden");
  const std::string& site = headers["sec-fetch-site"];
  if (!site.empty() && site != "same-origin" && site != "none") return refusal(403, "Forbidden");
  if (line.substr(0, first) != "GET") return refusal(405, "Method Not Allowed");

  const std::string target = line.substr(first + 1, second - first - 1);
  const size_t question = std::min(target.find('?'), target.size());
  const size_t end = target.find('/', 1);
  if (!target.starts_with('/') || end >= question || !same_secret(std::string_view(target).substr(1, end - 1), token_))
    return refusal(403, "Forbidden");
  HttpRequest request{target.substr(end + 1, question - end - 1),
                      read_arguments(std::string_view(target).substr(std::min(question + 1, target.size())))};
  HttpAnswer answer;
  try {
    answer = answerer_(request);
  } catch (const std::exception& error) {
    return refusal(400, "Bad Request");
  }
  if (answer.status != 200) return refusal(answer.status, "Not Found");
  return fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Type: {}; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n"
      "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: same-origin\r\n"
      "Content-Security-Policy: frame-ancestors 'none'\r\nConnection: close\r\n\r\n{}",
      answer.type, answer.body.size(), answer.body);
}

}  // namespace reftally
