#include "bench/gateway/wire.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

namespace steward::bench {
namespace {

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "%s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void prepare(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK);
}

/// The value of a field in a head, without case; empty if it is missing.
std::string_view field(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2);
    if (line.size() <= name.size() || line[name.size()] != ':' || strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    std::string_view value = line.substr(name.size() + 1, line.find("\r\n") - name.size() - 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    return value;
  }
  return {};
}

}  // namespace

std::int64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

int listen_on(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(socket, 4096) != 0) die("listen");
  prepare(socket);
  return socket;
}

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) die("connect");
  prepare(socket);
  return socket;
}

std::uint16_t port_of(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      pollfd writable{socket, POLLOUT, 0};
      ::poll(&writable, 1, 1000);
    } else {
      return false;
    }
  }
  return true;
}

bool MessageReader::feed(std::string& input) {
  if (!in_body_ && !feed_head(input)) return false;
  if (chunked_) return feed_chunks(input);
  const std::size_t size = std::min(left_, input.size());
  body_.append(input, 0, size);
  input.erase(0, size);
  left_ -= size;
  return left_ == 0;
}

bool MessageReader::feed_head(std::string& input) {
  const std::size_t end = input.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  const std::string_view head = std::string_view(input).substr(0, end + 2);
  if (head.starts_with("HTTP/1.1 ")) status_ = std::atoi(input.c_str() + 9);
  chunked_ = !field(head, "transfer-encoding").empty();
  const std::string_view length = field(head, "content-length");
  left_ = length.empty() ? 0 : std::strtoul(length.data(), nullptr, 10);
  in_body_ = true;
  input.erase(0, end + 4);
  return true;
}

bool MessageReader::feed_chunks(std::string& input) {
  std::size_t at = 0;
  bool last = false;
  while (!last) {
    if (left_ == 0) {
      const std::size_t end = input.find("\r\n", at);
      if (end == std::string::npos) break;
      const std::size_t size = std::strtoul(input.c_str() + at, nullptr, 16);
      if (size == 0) {
        last = input.size() >= end + 4;
        if (last) at = end + 4;
        break;
      }
      left_ = size + 2;
      at = end + 2;
    }
    const std::size_t take = std::min(left_, input.size() - at);
    if (take == 0) break;
    const std::size_t data = left_ > 2 ? std::min(take, left_ - 2) : 0;
    body_.append(input, at, data);
    at += take;
    left_ -= take;
  }
  input.erase(0, at);
  return last;
}

std::string MessageReader::take_body() { return std::exchange(body_, std::string()); }

void MessageReader::reset() {
  in_body_ = chunked_ = false;
  status_ = 0;
  left_ = 0;
  body_.clear();
}

}  // namespace steward::bench
