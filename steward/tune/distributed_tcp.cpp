#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <random>
#include <sstream>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "steward/core/check.h"
#include "steward/tune/distributed.h"

namespace steward::tune {
namespace {

/// What is sent before it is answered: rank 0 holds this much of each process.
constexpr std::size_t kStretchBytes = 1 << 20;

tl::unexpected<Error> lost(int rank, int error) {
  return fail(ErrorCode::kUnavailable, fmt::format("process {} of the run is lost ({}). The last checkpoint stands: go on by --resume",
                                                   rank, error == 0 ? "it closed the connection" : std::strerror(error)));
}

class Socket {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)), peer_(other.peer_) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    peer_ = other.peer_;
    return *this;
  }
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }
  void set_peer(int rank) { peer_ = rank; }

  Result<void> send(const void* data, std::size_t bytes) const {
    for (const char* at = static_cast<const char*>(data); bytes > 0;) {
      const ssize_t done = ::send(fd_, at, bytes, MSG_NOSIGNAL);
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return lost(peer_, errno);
      at += done;
      bytes -= static_cast<std::size_t>(done);
    }
    return {};
  }
  Result<void> receive(void* data, std::size_t bytes) const {
    for (char* at = static_cast<char*>(data); bytes > 0;) {
      const ssize_t done = ::recv(fd_, at, bytes, 0);
      if (done < 0 && errno == EINTR) continue;
      if (done <= 0) return lost(peer_, done < 0 ? errno : 0);
      at += done;
      bytes -= static_cast<std::size_t>(done);
    }
    return {};
  }

 private:
  int fd_, peer_ = 0;
};

void set_up(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);  // a machine that is gone closes nothing
}

/// A star: rank 0 adds up, in the order of ranks, so that sums never depend on who came first.
class Tcp final : public Transport {
 public:
  /// sockets: rank 0 has one to each other process, in the order of ranks; the others one to rank 0.
  Tcp(const Launch& launch, std::vector<Socket> sockets) : rank_(launch.rank), sockets_(std::move(sockets)) {}

  Result<void> sum(const Tensor& values) override {
    STEWARD_CHECK(values.is_contiguous() && values.is_cpu());
    const auto stretch = static_cast<std::int64_t>(kStretchBytes / values.itemsize());
    for (std::int64_t begin = 0; begin < values.numel(); begin += stretch) {
      const Tensor part = values.narrow(0, begin, std::min(stretch, values.numel() - begin));
      if (rank_ == 0) TRY(add_to(part));
      if (rank_ != 0) TRY(sockets_[0].send(part.const_data_ptr(), part.nbytes()));
      if (rank_ != 0) TRY(sockets_[0].receive(part.mutable_data_ptr(), part.nbytes()));
    }
    return {};
  }

  Result<void> gather(const Tensor& own, const Tensor& all) override {
    STEWARD_CHECK(own.is_contiguous() && all.is_contiguous() && all.is_cpu());
    if (rank_ != 0) {
      TRY(sockets_[0].send(own.const_data_ptr(), own.nbytes()));
      return sockets_[0].receive(all.mutable_data_ptr(), all.nbytes());
    }
    char* at = static_cast<char*>(all.mutable_data_ptr());
    std::memcpy(at, own.const_data_ptr(), own.nbytes());
    for (const Socket& socket : sockets_) TRY(socket.receive(at += own.nbytes(), own.nbytes()));
    for (const Socket& socket : sockets_) TRY(socket.send(all.const_data_ptr(), all.nbytes()));
    return {};
  }

 private:
  Result<void> add_to(const Tensor& part) {
    Tensor other = at::empty_like(part);
    for (const Socket& socket : sockets_) {
      TRY(socket.receive(other.mutable_data_ptr(), other.nbytes()));
      part.add_(other);
    }
    for (const Socket& socket : sockets_) TRY(socket.send(part.const_data_ptr(), part.nbytes()));
    return {};
  }

  int rank_;
  std::vector<Socket> sockets_;
};

constexpr int kWaitSeconds = 300;

/// A host without IPv6 has no dual sockets.
Result<Socket> listen_anywhere() {
  for (const int family : {AF_INET6, AF_INET}) {
    Socket out(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int off = 0;
    const timeval wait = {kWaitSeconds, 0};
    if (family == AF_INET6) ::setsockopt(out.fd(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    ::setsockopt(out.fd(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    if (out.fd() >= 0 && ::listen(out.fd(), SOMAXCONN) == 0) return out;  // bound to every address, and a free port
  }
  return fail(ErrorCode::kUnavailable, fmt::format("cannot listen for the other processes: {}", std::strerror(errno)));
}

Result<int> port_of(const Socket& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return fail(ErrorCode::kInternal, fmt::format("getsockname: {}", std::strerror(errno)));
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<sockaddr_in&>(address).sin_port);
}

Result<Socket> connect_to(const std::string& host, int port) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); error != 0)
    return fail(ErrorCode::kUnavailable, fmt::format("MASTER_ADDR {}: {}", host, ::gai_strerror(error)));
  int error = 0;
  Socket out;
  for (const addrinfo* at = found; at && out.fd() < 0; at = at->ai_next) {
    Socket socket(::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol));
    if (socket.fd() >= 0 && ::connect(socket.fd(), at->ai_addr, at->ai_addrlen) == 0) out = std::move(socket);
    error = errno;
  }
  ::freeaddrinfo(found);
  if (out.fd() < 0)
    return fail(ErrorCode::kUnavailable, fmt::format("cannot reach process 0 at {}:{}: {}", host, port, std::strerror(error)));
  set_up(out.fd());
  return out;
}

/// What a process says first: the key of the run, which keeps strays of other runs apart, and its rank.
struct Hello {
  std::uint64_t key = 0, rank = 0;
};

/// Takes connections until every other process has one.
Result<std::vector<Socket>> accept_all(const Socket& listening, int size, std::uint64_t key) {
  std::vector<Socket> out(static_cast<std::size_t>(size) - 1);
  for (int missing = size - 1; missing > 0;) {
    Socket socket(::accept4(listening.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    if (socket.fd() < 0 && errno == EINTR) continue;
    if (socket.fd() < 0) return fail(ErrorCode::kUnavailable, fmt::format("{} processes did not come: {}", missing, std::strerror(errno)));
    set_up(socket.fd());
    Hello hello;
    if (!socket.receive(&hello, sizeof hello) || hello.key != key || hello.rank == 0 || hello.rank > out.size()) continue;
    Socket& place = out[hello.rank - 1];
    if (place.fd() >= 0) continue;
    // It has come: from now on it may take as long as its work does. A listening socket hands its limit on.
    const timeval forever = {};
    ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof forever);
    place = std::move(socket);
    place.set_peer(static_cast<int>(hello.rank));
    --missing;
  }
  return out;
}

/// torchrun's agent serves a store at MASTER_ADDR:MASTER_PORT itself; elsewhere process 0 does.
c10::intrusive_ptr<c10d::TCPStore> open_store(const Launch& launch) {
  const char* agent = std::getenv("TORCHELASTIC_USE_AGENT_STORE");
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(launch.port);
  options.isServer = launch.rank == 0 && !(agent && std::string_view(agent) == "True");
  options.waitWorkers = false;
  options.timeout = std::chrono::seconds(kWaitSeconds);
  return c10::make_intrusive<c10d::TCPStore>(launch.host, options);
}

Result<std::vector<Socket>> meet(const Launch& launch, c10d::TCPStore& store) {
  const char* restarts = std::getenv("TORCHELASTIC_RESTART_COUNT");
  const std::string name = fmt::format("steward/{}", restarts ? restarts : "0");
  if (launch.rank == 0) {
    const Socket listening = TRY(listen_anywhere());
    std::random_device chance;
    const std::uint64_t key = (static_cast<std::uint64_t>(chance()) << 32) | chance();
    const std::string where = fmt::format("{} {}", TRY(port_of(listening)), key);
    store.set(name, {where.begin(), where.end()});
    return accept_all(listening, launch.size, key);
  }
  const auto where = store.get(name);
  std::istringstream text(std::string(where.begin(), where.end()));
  int port = 0;
  Hello hello{0, static_cast<std::uint64_t>(launch.rank)};
  text >> port >> hello.key;
  std::vector<Socket> out;
  out.push_back(TRY(connect_to(launch.host, port)));
  TRY(out[0].send(&hello, sizeof hello));
  return out;
}

}  // namespace

Result<std::unique_ptr<Transport>> open_tcp(const Launch& launch) {
  if (launch.host.empty() || launch.port == 0)
    return fail(ErrorCode::kInvalidInput, "processes that talk by TCP need the variables MASTER_ADDR and MASTER_PORT of process 0",
                "compute.backend");
  try {
    const auto store = open_store(launch);
    auto sockets = TRY(meet(launch, *store));
    auto out = std::make_unique<Tcp>(launch, std::move(sockets));
    // Process 0 serves the store: nobody leaves it before all have met.
    const Tensor met = at::ones({1}, at::kDouble);
    TRY(out->sum(met));
    return out;
  } catch (const c10::Error& error) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("the processes do not meet at {}:{}: {}", launch.host, launch.port, error.what_without_backtrace()));
  }
}

}  // namespace steward::tune
