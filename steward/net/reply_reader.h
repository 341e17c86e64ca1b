#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "steward/net/client.h"

namespace steward::net {

/// Where a ReplyReader puts what it reads.
class ReplySink {
 public:
  virtual ~ReplySink() = default;
  virtual void take_head(const ReplyHead& head) = 0;
  virtual void take_body(std::string_view bytes) = 0;
};

/// Reads the replies of one connection, one after the other, with Boost.Beast. Not thread-safe.
class ReplyReader {
 public:
  enum class State { kHead, kBody, kDone, kFailed };
  struct Limits {
    std::size_t header_bytes_max = 0;  ///< also of a chunk's size line and of the trailer
    std::size_t body_bytes_max = 0;
  };

  explicit ReplyReader(const Limits& limits);
  ~ReplyReader();

  /// Begins the next reply. Not with bytes left over.
  void reset();
  /// Reads `bytes`; gives head and body to `sink` as far as they are known. Interim replies (1xx) are passed over.
  State feed(std::string_view bytes, ReplySink& sink);
  /// The server closed the connection: the end of a body without a length, else a failure.
  State end();
  State state() const;
  /// In kDone: may the connection be used again? Not if bytes came that nobody asked for.
  bool keep_alive() const;
  /// In kFailed.
  const Error& error() const;

 private:
  struct Parser;
  const std::unique_ptr<Parser> parser_;
};

}  // namespace steward::net
