#include "steward/net/request_reader.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffer_traits.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "steward/core/check.h"

namespace steward::net {

namespace http = boost::beast::http;

struct RequestReader::Body {
  http::request_parser<http::string_body> parser;
};

RequestReader::RequestReader(const ReadLimits& limits) : limits_(limits) {}
RequestReader::~RequestReader() = default;

RequestReader::State RequestReader::fail(int status, std::string message) {
  problem_ = HttpProblem{status, std::move(message)};
  return state_ = State::kFailed;
}

RequestReader::State RequestReader::feed(std::string& input) {
  if (state_ == State::kHead) feed_head(input);
  if (state_ == State::kBody) feed_body(input);
  return state_;
}

RequestReader::State RequestReader::feed_head(std::string& input) {
  if (scanned_ == 0 && !skipped_line_) {  // one empty line before a request is ignored (RFC 9112, section 2.2)
    if (input == "\r") return state_;
    skipped_line_ = input.starts_with("\r\n");
    if (skipped_line_) input.erase(0, 2);
  }
  const std::size_t end = input.find("\r\n\r\n", scanned_ < 3 ? 0 : scanned_ - 3);
  const std::size_t size = end == std::string::npos ? input.size() : end + 4;
  if (size > limits_.header_bytes_max) return fail(431, fmt::format("the request's head is over {} bytes", limits_.header_bytes_max));
  if (end == std::string::npos) {
    const std::size_t from = scanned_ > 0 && input[scanned_ - 1] == '\r' ? scanned_ - 1 : scanned_;
    if (has_bare_line_end(std::string_view(input).substr(from))) return fail(400, "every line of the head must end in CRLF");
    scanned_ = input.size();
    return state_;
  }
  const std::string_view head = std::string_view(input).substr(0, size);
  if (!read_head(head, head_, problem_)) return state_ = State::kFailed;
  if (head_.content_length > limits_.body_bytes_max) return fail(413, fmt::format("the body is over {} bytes", limits_.body_bytes_max));
  if (!head_.chunked) {
    input.erase(0, size);
    if (head_.content_length == 0) return state_ = State::kDone;
    head_.request.body.reserve(std::min<std::size_t>(head_.content_length, 65536));
    return state_ = State::kBody;
  }
  body_ = std::make_unique<Body>();
  body_->parser.header_limit(static_cast<std::uint32_t>(limits_.header_bytes_max + 1));
  body_->parser.body_limit(limits_.body_bytes_max);
  body_->parser.eager(true);
  boost::beast::error_code error;
  body_->parser.put(boost::asio::buffer(head.data(), head.size()), error);
  input.erase(0, size);
  if (error && error != http::error::need_more) return fail(400, "the request's head is malformed");
  // Where the two readers disagree, neither is trusted.
  if (!body_->parser.is_header_done() || !body_->parser.chunked()) return fail(400, "the request's head is ambiguous");
  return state_ = State::kBody;
}

RequestReader::State RequestReader::feed_body(std::string& input) {
  if (!body_) {  // of a known length
    std::string& body = head_.request.body;
    const std::size_t size = std::min(head_.content_length - body.size(), input.size());
    body.append(input, 0, size);
    input.erase(0, size);
    if (body.size() == head_.content_length) state_ = State::kDone;
    return state_;
  }
  boost::beast::error_code error;
  std::size_t used = 0;
  // Whatever comes, a chunked body has five more bytes, "0", CRLF, CRLF; Beast asserts that it gets them at once.
  constexpr std::size_t kLastChunkBytes = 5;
  while (input.size() - used >= kLastChunkBytes && !body_->parser.is_done()) {
    const std::size_t read = body_->parser.put(boost::asio::buffer(input.data() + used, input.size() - used), error);
    used += read;
    if (error == http::error::need_more) break;
    if (error == http::error::body_limit) return fail(413, fmt::format("the body is over {} bytes", limits_.body_bytes_max));
    if (error) return fail(400, "the request's chunked body is malformed");
  }
  input.erase(0, used);
  // A chunk's size line or the trailer must not grow without end.
  if (!body_->parser.is_done() && input.size() > limits_.header_bytes_max) return fail(400, "a line of the chunked body is too long");
  if (body_->parser.is_done()) state_ = State::kDone;
  return state_;
}

Request RequestReader::take_request() {
  STEWARD_CHECK(state_ == State::kDone);
  if (body_) head_.request.body = std::move(body_->parser.get().body());
  return std::move(head_.request);
}

}  // namespace steward::net
