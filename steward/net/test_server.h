#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace steward::net::testing {

/// The server's end of one connection: blocking, and as rude as its script.
class ServerPeer {
 public:
  explicit ServerPeer(int socket) : socket_(socket) {
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ServerPeer(const ServerPeer&) = delete;
  ServerPeer& operator=(const ServerPeer&) = delete;
  ~ServerPeer() { leave(); }

  /// Head and body of the next request; false once the client has gone.
  bool read_request() {
    head.clear();
    body.clear();
    std::size_t end;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos)
      if (!fill()) return false;
    head = input_.substr(0, end + 4);
    const std::size_t at = head.find("Content-Length: ");
    const std::size_t size = at == std::string::npos ? 0 : std::strtoul(head.c_str() + at + 16, nullptr, 10);
    while (input_.size() < end + 4 + size)
      if (!fill()) return false;
    body = input_.substr(end + 4, size);
    input_.erase(0, end + 4 + size);
    return true;
  }
  /// False once the client has gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void send_json(std::string_view json, std::string_view status = "200 OK", std::string_view headers = "") {
    send("HTTP/1.1 " + std::string(status) + "\r\nContent-Type: application/json\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(json.size()) + "\r\n\r\n" + std::string(json));
  }
  /// The head of a chunked stream of events; its chunks; its end.
  void begin_events() { send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"); }
  bool send_chunk(std::string_view bytes) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    return send(size + std::string(bytes) + "\r\n");
  }
  bool send_event(std::string_view data) { return send_chunk("data: " + std::string(data) + "\n\n"); }
  void end_events() { send("0\r\n\r\n"); }
  /// Says nothing until the client leaves.
  void hang() {
    while (fill()) {
    }
  }
  /// A reset, not an end.
  void reset() {
    const linger hard{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    leave();
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  /// From another thread: ends a script that reads.
  void wake() {
    const std::lock_guard lock(mutex_);
    if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
  }

  int socket() const { return socket_; }

  std::string head, body;  ///< of the request read last

 private:
  bool fill() {
    char buffer[16384];
    const ssize_t got = socket_ < 0 ? 0 : ::recv(socket_, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    input_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }

  std::mutex mutex_;
  int socket_;
  std::string input_;
};

/// A server on 127.0.0.1 whose script, for each connection on a thread of its own, is told which connection it is, from 0. For tests.
class ScriptedServer {
 public:
  using Script = std::function<void(ServerPeer& peer, int connection)>;
  explicit ScriptedServer(Script script) : script_(std::move(script)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 64);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { accept(); });
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    const std::lock_guard lock(mutex_);
    for (const auto& peer : peers_) peer->wake();
    for (std::thread& thread : threads_) thread.join();
  }

  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }

 private:
  void accept() {
    for (;;) {
      const int socket = ::accept(listener_, nullptr, nullptr);
      if (socket < 0) return;
      const std::lock_guard lock(mutex_);
      peers_.push_back(std::make_unique<ServerPeer>(socket));
      threads_.emplace_back([this, &peer = *peers_.back(), number = connections_++] {
        script_(peer, number);
        peer.leave();
      });
    }
  }

  const Script script_;
  const int listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::vector<std::unique_ptr<ServerPeer>> peers_;
  std::vector<std::thread> threads_;
  std::thread thread_;
};

}  // namespace steward::net::testing
