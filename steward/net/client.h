#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "steward/core/result.h"
#include "steward/net/http.h"

namespace steward::net {

struct ClientOptions {
  enum class Security { kPlain, kTls };

  std::string host;  ///< a name, or an IPv4 or IPv6 literal without brackets
  std::uint16_t port = 80;
  Security security = Security::kPlain;
  std::string ca_file;           ///< PEM, of kTls; empty: the system's authorities
  Headers headers;               ///< sent with every request, after Host and before Content-Length
  int connections_max = 64;      ///< requests under way, each on a connection of its own
  int queued_requests_max = 64;  ///< that wait for one of them
  std::size_t header_bytes_max = std::size_t{16} << 10;
  std::size_t body_bytes_max = std::size_t{16} << 20;
  std::chrono::milliseconds connect_timeout{5'000};      ///< name, connection and TLS together
  std::chrono::milliseconds first_byte_timeout{60'000};  ///< from the request's first byte to the reply's
  std::chrono::milliseconds idle_timeout{30'000};        ///< between two reads of a reply
  std::chrono::milliseconds keep_alive{60'000};          ///< an unused connection
};

struct ClientRequest {
  std::string method = "POST";
  std::string target;  ///< path and query, percent-encoded
  std::string body;
};

/// What callers need of a reply's head. The views end with the call that gives them.
struct ReplyHead {
  int status = 0;
  std::string_view content_type;
  std::string_view retry_after;
};

/// How far a request came.
enum class CallProgress {
  kWaiting,     ///< nothing was sent
  kConnecting,  ///< nothing was sent: there was no connection
  kSent,        ///< no byte of a reply came
  kReplying,
};

/// A request under way.
class ClientCall {
 public:
  virtual ~ClientCall() = default;
  /// From any thread. Closes its connection; on_done with kCancelled follows, unless it has been called. Nothing of the body is given
  /// once this has been called on the call's own thread.
  virtual void cancel() = 0;
};

/// Takes a reply. Called on the call's thread: return quickly, never block.
class ReplyHandler {
 public:
  virtual ~ReplyHandler() = default;
  virtual void on_head(ClientCall& call, const ReplyHead& head) = 0;
  virtual void on_body(ClientCall& call, std::string_view bytes) = 0;
  /// At an end, unless the call was cancelled: after how long to send the same request once more, or not at all. Its place among
  /// connections_max is kept until then.
  virtual std::optional<std::chrono::milliseconds> retry_after(const Result<void>& result, CallProgress progress) = 0;
  /// Exactly once, last. Errors: kUnavailable (no connection, reset, not HTTP), kDeadlineExceeded, kTooLarge, kCancelled.
  virtual void on_done(Result<void> result, CallProgress progress) = 0;
};

/// An HTTP/1.1 client of one server, with connections that are kept alive. A call works on the loop of the thread that starts it, if that
/// is an I/O thread; else on a thread of the client's own. Thread-safe.
class Client {
 public:
  /// Errors: kInvalidInput if ca_file cannot be used.
  static Result<std::unique_ptr<Client>> open(ClientOptions options);
  virtual ~Client() = default;  ///< close()
  /// The handler is not called before this returns, on the same thread. A request that fails on a kept connection before any byte of a
  /// reply is sent once more on a new one. Errors: kResourceExhausted if queued_requests_max wait already; kUnavailable once closed.
  virtual Result<std::shared_ptr<ClientCall>> start(ClientRequest request, std::shared_ptr<ReplyHandler> handler) = 0;
  /// Cancels all calls, those on other loops soon after. Not from the client's own thread.
  virtual void close() = 0;
};

}  // namespace steward::net
