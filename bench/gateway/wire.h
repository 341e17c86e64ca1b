#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace steward::bench {

/// Monotonic nanoseconds.
std::int64_t now_ns();

/// A listening or connected non-blocking TCP socket on 127.0.0.1, without Nagle. Exits with a message when the system refuses.
int listen_on(std::uint16_t port);
int connect_to(std::uint16_t port);
std::uint16_t port_of(int socket);
/// Sends all of `bytes`, waiting if the socket is full. False if the peer has gone.
bool send_all(int socket, std::string_view bytes);

/// Reads HTTP/1.1 messages of a peer that is trusted to be well-formed: heads with Content-Length or chunked bodies.
class MessageReader {
 public:
  /// Takes from the front of `input` what belongs to the message. True once the message is whole.
  bool feed(std::string& input);
  /// Body bytes that came since the last call.
  std::string take_body();
  std::string_view body() const { return body_; }
  int status() const { return status_; }
  void reset();

 private:
  bool feed_head(std::string& input);
  bool feed_chunks(std::string& input);

  bool in_body_ = false;
  bool chunked_ = false;
  int status_ = 0;
  std::size_t left_ = 0;  ///< of the body, or of the chunk with its line end
  std::string body_;
};

}  // namespace steward::bench
