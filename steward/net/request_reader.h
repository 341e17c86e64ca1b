#pragma once

#include <memory>
#include <string>

#include "steward/net/request_head.h"

namespace steward::net {

struct ReadLimits {
  std::size_t header_bytes_max = 0;
  std::size_t body_bytes_max = 0;
};

/// Reads one request from the bytes of a connection. Heads are read by read_head(), chunked bodies by Boost.Beast. Not thread-safe.
class RequestReader {
 public:
  enum class State { kHead, kBody, kDone, kFailed };

  explicit RequestReader(const ReadLimits& limits);
  ~RequestReader();

  /// Takes what belongs to this request from the front of `input`; what is left is the next request's.
  State feed(std::string& input);
  State state() const { return state_; }
  const RequestHead& head() const { return head_; }
  const HttpProblem& problem() const { return problem_; }
  /// Once, in kDone.
  Request take_request();

 private:
  struct Body;
  State fail(int status, std::string message);
  State feed_head(std::string& input);
  State feed_body(std::string& input);

  const ReadLimits limits_;
  State state_ = State::kHead;
  bool skipped_line_ = false;
  std::size_t scanned_ = 0;  ///< bytes of the input that hold no end of the head
  RequestHead head_;
  HttpProblem problem_;
  std::unique_ptr<Body> body_;
};

}  // namespace steward::net
