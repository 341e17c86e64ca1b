#include "steward/net/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>
#include <unordered_map>

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "steward/net/connection.h"

namespace steward::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

Peer describe(int socket, const sockaddr_storage& address) {
  Peer peer;
  peer.socket = socket;
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    peer.loopback = (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
  } else {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    peer.v6 = true;
    peer.loopback = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) || (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) && v6.sin6_addr.s6_addr[12] == 127);
  }
  peer.address = text;
  return peer;
}

/// A loop, its thread, and its connections, which only that thread touches.
struct Worker {
  std::shared_ptr<Loop> loop = std::make_shared<Loop>();  // shared with its connections and their responders
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections;
  std::thread thread;
};

class TcpServer final : public Server {
 public:
  TcpServer(const ServerOptions& options, Handler handler) {
    auto shared = std::make_shared<ConnectionShared>();
    shared->options = options;
    shared->handler = std::move(handler);
    shared_ = std::move(shared);
    for (int i = 0; i < std::max(1, options.io_threads); ++i) workers_.push_back(std::make_unique<Worker>());
  }
  ~TcpServer() override { stop(std::chrono::milliseconds(0)); }

  Result<void> listen() {
    const ServerOptions& options = shared_->options;
    boost::system::error_code error;
    const auto address = asio::ip::make_address(options.address, error);
    if (error) return fail(ErrorCode::kInvalidInput, "the listen address must be an IPv4 or IPv6 literal such as 127.0.0.1");
    const tcp::endpoint endpoint(address, options.port);
    acceptor_.emplace(workers_[0]->loop->context());
    retry_.emplace(workers_[0]->loop->context());
    acceptor_->open(endpoint.protocol(), error);
    if (!error) acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_->bind(endpoint, error);
    if (!error) acceptor_->listen(1024, error);
    if (!error) acceptor_->native_non_blocking(true, error);
    if (error)
      return fail(ErrorCode::kUnavailable, fmt::format("cannot listen on {} port {}: {}", options.address, options.port, error.message()));
    port_ = acceptor_->local_endpoint().port();
    for (const auto& worker : workers_) worker->thread = std::thread([loop = worker->loop] { loop->run(); });
    workers_[0]->loop->post([this] { accept(); });
    return {};
  }

  std::uint16_t port() const override { return port_; }
  int connections() const override { return count_.load(); }

  void stop(std::chrono::milliseconds deadline) override {
    const std::lock_guard stopping(stop_mutex_);
    if (stopped_) return;
    stopped_ = true;
    workers_[0]->loop->post([this] { close_acceptor(); });
    each_connection([](Connection& connection) { connection.drain(); });
    {
      std::unique_lock lock(mutex_);
      all_closed_.wait_for(lock, deadline, [this] { return count_.load() == 0; });
    }
    each_connection([](Connection& connection) { connection.close(); });
    for (const auto& worker : workers_) worker->loop->finish();
    for (const auto& worker : workers_)
      if (worker->thread.joinable()) worker->thread.join();
  }

 private:
  void each_connection(void (*action)(Connection&)) {
    for (const auto& worker : workers_)
      worker->loop->post([this, &worker = *worker, action] {
        draining_ = true;
        const auto connections = worker.connections;  // closing one takes it out
        for (const auto& [pointer, connection] : connections) action(*connection);
      });
  }

  void close_acceptor() {
    boost::system::error_code ignored;
    acceptor_->close(ignored);
    retry_->cancel();
  }

  void accept() {
    acceptor_->async_wait(tcp::acceptor::wait_read, [this](const boost::system::error_code& error) {
      if (error || !acceptor_->is_open()) return;
      if (accept_ready()) return accept();
      // Out of file descriptors: the connection stays queued, so waiting for "readable" would spin.
      retry_->expires_after(std::chrono::milliseconds(100));
      retry_->async_wait([this](const boost::system::error_code& cancelled) {
        if (!cancelled && acceptor_->is_open()) accept();
      });
    });
  }

  bool accept_ready() {
    for (int i = 0; i < 64; ++i) {
      sockaddr_storage address{};
      socklen_t size = sizeof address;
      const int socket = ::accept4(acceptor_->native_handle(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket < 0) return errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM;
      take(describe(socket, address));
    }
    return true;
  }

  void take(Peer peer) {
    if (count_.load() >= shared_->options.connections_max) {
      turn_away(peer.socket);
      return;
    }
    ++count_;
    Worker& worker = *workers_[next_++ % workers_.size()];
    const auto connection = make_connection(worker.loop, shared_, std::move(peer), [this, &worker](Connection* closed) {
      worker.connections.erase(closed);
      const std::lock_guard lock(mutex_);
      if (--count_ == 0) all_closed_.notify_all();
    });
    worker.loop->post([this, &worker, connection] {
      worker.connections.emplace(connection.get(), connection);
      connection->start();
      if (draining_) connection->drain();
    });
  }

  void turn_away(int socket) {
    std::pair<Headers, std::string> answer{Headers{}, "too many connections\n"};
    if (shared_->options.refusal) answer = shared_->options.refusal(503, "too many connections: try again later");
    std::string text = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n";
    for (const auto& [name, value] : answer.first.fields()) text += fmt::format("{}: {}\r\n", name, value);
    if (!answer.first.find("retry-after")) text += "Retry-After: 1\r\n";
    text += fmt::format("Content-Length: {}\r\n\r\n{}", answer.second.size(), answer.second);
    // Into an empty socket buffer: it fits, or the client gets nothing.
    (void)!::send(socket, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(socket, SHUT_WR);
    ::close(socket);
  }

  std::shared_ptr<const ConnectionShared> shared_;  // shared with the connections
  std::vector<std::unique_ptr<Worker>> workers_;
  std::optional<tcp::acceptor> acceptor_;
  std::optional<asio::steady_timer> retry_;
  std::uint16_t port_ = 0;
  std::size_t next_ = 0;
  std::atomic<int> count_{0};
  std::atomic<bool> draining_{false};
  std::mutex mutex_;
  std::condition_variable all_closed_;
  std::mutex stop_mutex_;
  bool stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, Handler handler) {
  auto server = std::make_unique<TcpServer>(options, std::move(handler));
  TRY(server->listen());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace steward::net
