#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "steward/core/result.h"
#include "steward/net/http.h"

namespace steward::net {

struct ServerOptions {
  std::string address = "127.0.0.1";  ///< IPv4 or IPv6 literal
  std::uint16_t port = 0;             ///< 0 = any free one, see Server::port()
  int io_threads = 1;
  std::size_t body_bytes_max = std::size_t{8} << 20;
  std::size_t header_bytes_max = std::size_t{16} << 10;
  std::size_t outbound_bytes_max = std::size_t{1} << 20;  ///< of a stream that its client does not read
  int connections_max = 10'000;
  std::chrono::milliseconds header_timeout{10'000};  ///< from a request's first byte to the end of its header
  std::chrono::milliseconds body_timeout{30'000};    ///< from the end of the header to the end of the body
  std::chrono::milliseconds idle_timeout{75'000};    ///< between two requests, and before the first
  std::chrono::milliseconds write_timeout{30'000};   ///< without any byte taken by the client
  /// Headers and body of an answer that the server gives by itself (400, 408, 413, 431 …); empty: plain text.
  std::function<std::pair<Headers, std::string>(int status, std::string_view message)> refusal;
};

/// An HTTP/1.1 server (RFC 9112), stricter than its library: everything that two servers could read differently is 400 and
/// the connection is closed. Requests of one connection are answered one at a time, in order.
class Server {
 public:
  /// Listens and serves on own threads. Errors: kInvalidInput for the address, kUnavailable if the port is taken.
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, Handler handler);
  virtual ~Server() = default;  ///< stops with a deadline of zero
  virtual std::uint16_t port() const = 0;
  virtual int connections() const = 0;
  /// Stops accepting, closes idle connections, lets running answers finish for at most `deadline`, then cuts the rest. Blocks.
  /// Not from an I/O thread.
  virtual void stop(std::chrono::milliseconds deadline) = 0;
};

}  // namespace steward::net
