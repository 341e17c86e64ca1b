#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace steward::net::testing {

/// One answer as it stood on the wire, with its chunks joined.
struct Answer {
  int status = 0;
  std::string head;
  std::string body;
  bool complete = false;  ///< its length was met, or its last chunk came
  std::string header(std::string_view name) const;
};

/// A plain, blocking client that sends exactly the bytes it is given. For tests.
class TestClient {
 public:
  explicit TestClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const timeval limit{20, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;
  ~TestClient() { leave(); }

  bool connected() const { return connected_; }
  void leave() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  /// False once the server has gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// Reads more; false at the end of the connection.
  bool fill() {
    char buffer[16384];
    const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    input_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }
  bool fill_until(std::string_view text) {
    while (input_.find(text) == std::string::npos)
      if (!fill()) return false;
    return true;
  }
  /// True when the server closes and has nothing more to say.
  bool at_end() { return input_.empty() && !fill(); }
  std::string& input() { return input_; }

  Answer read_answer(bool head_request = false) {
    Answer answer;
    if (!fill_until("\r\n\r\n")) return answer;
    const std::size_t end = input_.find("\r\n\r\n") + 4;
    answer.head = input_.substr(0, end);
    input_.erase(0, end);
    answer.status = std::atoi(answer.head.substr(9, 3).c_str());
    if (head_request || answer.status == 100 || answer.status == 204) {
      answer.complete = true;
    } else if (answer.header("transfer-encoding") == "chunked") {
      read_chunks(answer);
    } else if (const std::string length = answer.header("content-length"); !length.empty()) {
      const std::size_t size = std::strtoul(length.c_str(), nullptr, 10);
      while (input_.size() < size && fill()) {
      }
      answer.complete = input_.size() >= size;
      answer.body = input_.substr(0, size);
      input_.erase(0, size);
    } else {
      while (fill()) {
      }
      answer.body.swap(input_);
      answer.complete = true;
    }
    return answer;
  }

  Answer request(std::string_view method, std::string_view path, std::string_view body = "", std::string_view headers = "") {
    std::string text = std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers);
    if (!body.empty()) text += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    text += "\r\n";
    send(text + std::string(body));
    return read_answer(method == "HEAD");
  }

 private:
  void read_chunks(Answer& answer) {
    while (true) {
      if (!fill_until("\r\n")) return;
      const std::size_t line = input_.find("\r\n");
      const std::size_t size = std::strtoul(input_.c_str(), nullptr, 16);
      while (input_.size() < line + 2 + size + 2)
        if (!fill()) return;
      answer.body += input_.substr(line + 2, size);
      input_.erase(0, line + 2 + size + 2);
      if (size == 0) {
        answer.complete = true;
        return;
      }
    }
  }

  int socket_;
  bool connected_ = false;
  std::string input_;
};

inline std::string Answer::header(std::string_view name) const {
  std::size_t at = head.find("\r\n");
  while (at != std::string::npos && at + 2 < head.size()) {
    const std::size_t begin = at + 2;
    at = head.find("\r\n", begin);
    const std::string line = head.substr(begin, at - begin);
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || colon != name.size()) continue;
    bool same = true;
    for (std::size_t i = 0; i < colon; ++i) same &= (line[i] | 0x20) == (name[i] | 0x20);
    if (same) return line.substr(line.find_first_not_of(' ', colon + 1));
  }
  return "";
}

}  // namespace steward::net::testing
