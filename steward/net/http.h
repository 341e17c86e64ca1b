#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace steward::net {

/// Header fields in the order in which they came. Names compare without case (RFC 9110, section 5.1).
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  /// Value of the first field of that name, or nullptr.
  const std::string* find(std::string_view name) const;
  /// Number of fields of that name: a field that must stand once and stands twice is an error.
  std::size_t count(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct Request {
  std::string method;                                      ///< as sent: "GET", "POST" …
  std::string path;                                        ///< percent-decoded, without the query; begins with "/", or is "*"
  std::vector<std::pair<std::string, std::string>> query;  ///< percent-decoded, in order
  Headers headers;
  std::string body;
  std::string remote_address;  ///< of the peer, without its port
  bool is_loopback = false;    ///< the peer's address is 127.0.0.0/8 or ::1

  std::optional<std::string> query_value(std::string_view name) const;
};

/// The answer to one request. Thread-safe; every call returns at once and the connection's own thread does the work.
/// Exactly one of send() or begin_stream() … end(). A responder that is dropped unanswered answers 500, or cuts an
/// unfinished stream so that it cannot look complete.
class Responder {
 public:
  virtual ~Responder() = default;
  /// Content-Length, Date and Connection are added here.
  virtual void send(int status, Headers headers, std::string body) = 0;
  /// Status and headers of a body whose length is not known yet (chunked; to an HTTP/1.0 client, until close).
  virtual void begin_stream(int status, Headers headers) = 0;
  /// Chunks that are ready together leave in one write. Returns the bytes queued and not yet taken by the kernel; a
  /// client that leaves more than ServerOptions::outbound_bytes_max unread is cut off. 0 once the client has gone.
  virtual std::size_t write(std::string_view chunk) = 0;
  virtual void end() = 0;
  /// Cuts the connection, so that an unfinished answer does not look complete.
  virtual void abort() = 0;
  /// Called once, on the connection's thread, if the client leaves before the answer has been sent (at once if it has
  /// already left). Replaces the callback given before; nullptr takes it back.
  virtual void on_closed(std::function<void()> callback) = 0;
  /// Runs `job` on the connection's thread; on the caller's, once the server has stopped.
  virtual void post(std::function<void()> job) = 0;
  /// Runs `job` on the connection's thread after `delay`, unless the answer has been sent or the client has left by then. One at a time:
  /// a later call replaces it.
  virtual void after(std::chrono::milliseconds delay, std::function<void()> job) = 0;
};

/// Called on an I/O thread: return quickly, never block.
using Handler = std::function<void(Request request, std::shared_ptr<Responder> responder)>;

/// The reason phrase of RFC 9110, or "Unknown".
std::string_view reason_phrase(int status);

/// Percent-decodes (RFC 3986, section 2.1). nullopt if a '%' is not followed by two hex digits or the result holds a NUL.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace steward::net
