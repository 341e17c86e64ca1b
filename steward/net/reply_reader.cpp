#include "steward/net/reply_reader.h"

#include <optional>

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffer_traits.hpp>
#include <boost/beast/http/basic_parser.hpp>

namespace steward::net {
namespace {

namespace http = boost::beast::http;
using boost::beast::string_view;
using Code = boost::beast::error_code;

constexpr int kInterimRepliesMax = 8;
/// Whatever comes, a chunked body has five more bytes, "0", CRLF, CRLF; Beast asserts that it gets them at once.
constexpr std::size_t kChunkedNeeds = 5;

std::string_view plain(string_view text) { return {text.data(), text.size()}; }

/// One reply. Body bytes go straight to the sink.
class OneReply final : public http::basic_parser<false> {
 public:
  explicit OneReply(const ReplyReader::Limits& limits) : body_left_(limits.body_bytes_max) {
    header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
    body_limit(boost::none);  // counted here, as chunks are
    eager(true);
  }
  void set_sink(ReplySink* sink) { sink_ = sink; }
  bool interim() const { return status_ / 100 == 1; }
  bool too_large() const { return too_large_; }

 private:
  void on_request_impl(http::verb, string_view, string_view, int, Code&) override {}
  void on_response_impl(int status, string_view, int, Code& error) override {
    status_ = status;
    if (status < 100 || status == 101) error = http::error::bad_status;  // nobody asked for another protocol
  }
  void on_field_impl(http::field name, string_view, string_view value, Code&) override {
    if (name == http::field::content_type) content_type_ = plain(value);
    if (name == http::field::retry_after) retry_after_ = plain(value);
  }
  void on_header_impl(Code&) override {
    if (!interim()) sink_->take_head({status_, content_type_, retry_after_});
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, Code& error) override {
    if (length && *length > body_left_) refuse(error);
  }
  std::size_t on_body_impl(string_view body, Code& error) override { return take(body, error); }
  void on_chunk_header_impl(std::uint64_t size, string_view, Code& error) override {
    if (size > body_left_) refuse(error);
  }
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, Code& error) override { return take(body, error); }
  void on_finish_impl(Code&) override {}

  std::size_t take(string_view body, Code& error) {
    if (body.size() > body_left_) {
      refuse(error);
      return 0;
    }
    body_left_ -= body.size();
    if (!body.empty()) sink_->take_body(plain(body));
    return body.size();
  }
  void refuse(Code& error) {
    too_large_ = true;
    error = http::error::body_limit;
  }

  ReplySink* sink_ = nullptr;
  std::uint64_t body_left_;
  int status_ = 0;
  bool too_large_ = false;
  std::string content_type_, retry_after_;
};

}  // namespace

struct ReplyReader::Parser {
  Limits limits;
  State state = State::kHead;
  std::optional<OneReply> reply;
  int interim = 0;
  std::string kept;  // the beginning of something unfinished
  Error error;

  State fail(ErrorCode code, std::string message) {
    error = Error{code, std::move(message), ""};
    return state = State::kFailed;
  }
  State fail(const Code& code) {
    if (reply->too_large()) return fail(ErrorCode::kTooLarge, fmt::format("the server's reply is over {} bytes", limits.body_bytes_max));
    if (code == http::error::header_limit)
      return fail(ErrorCode::kUnavailable, fmt::format("the head of the server's reply is over {} bytes", limits.header_bytes_max));
    return fail(ErrorCode::kUnavailable, "the server's reply is not HTTP/1.1 as RFC 9112 has it");
  }
  /// Reads from the front of `bytes` and returns how many bytes were taken.
  std::size_t read(std::string_view bytes, ReplySink& sink);
};

std::size_t ReplyReader::Parser::read(std::string_view bytes, ReplySink& sink) {
  std::size_t used = 0;
  while (state == State::kHead || state == State::kBody) {
    if (reply->is_done()) {
      if (!reply->interim()) {
        state = State::kDone;
        break;
      }
      if (++interim > kInterimRepliesMax) {
        fail(ErrorCode::kUnavailable, "the server sends interim replies without end");
        break;
      }
      reply.emplace(limits);
      continue;
    }
    const std::size_t left = bytes.size() - used;
    if (left == 0 || (reply->is_header_done() && reply->chunked() && left < kChunkedNeeds)) break;
    reply->set_sink(&sink);
    Code code;
    const std::size_t read = reply->put(boost::asio::buffer(bytes.data() + used, left), code);
    used += read;
    if (reply->is_header_done() && !reply->interim()) state = State::kBody;
    if (code == http::error::need_more) break;
    if (code) fail(code);
  }
  return used;
}

ReplyReader::ReplyReader(const Limits& limits) : parser_(std::make_unique<Parser>()) {
  parser_->limits = limits;
  reset();
}
ReplyReader::~ReplyReader() = default;

void ReplyReader::reset() {
  parser_->state = State::kHead;
  parser_->interim = 0;
  parser_->reply.emplace(parser_->limits);
}

ReplyReader::State ReplyReader::feed(std::string_view bytes, ReplySink& sink) {
  Parser& parser = *parser_;
  if (parser.kept.empty()) {
    parser.kept = bytes.substr(parser.read(bytes, sink));
  } else {
    parser.kept += bytes;
    parser.kept.erase(0, parser.read(parser.kept, sink));
  }
  // A head, a chunk's size line or the trailer must not grow without end.
  if (parser.state != State::kDone && parser.state != State::kFailed && parser.kept.size() > parser.limits.header_bytes_max)
    return parser.fail(ErrorCode::kUnavailable, "a line of the server's reply is too long");
  return parser.state;
}

ReplyReader::State ReplyReader::end() {
  Parser& parser = *parser_;
  if (parser.state == State::kDone || parser.state == State::kFailed) return parser.state;
  const bool until_close = parser.state == State::kBody && parser.reply->need_eof() && parser.kept.empty();
  if (!until_close) return parser.fail(ErrorCode::kUnavailable, "the server closed the connection before the end of its reply");
  Code code;
  parser.reply->put_eof(code);
  if (code) return parser.fail(code);
  return parser.state = State::kDone;
}

ReplyReader::State ReplyReader::state() const { return parser_->state; }

bool ReplyReader::keep_alive() const {
  return parser_->state == State::kDone && parser_->kept.empty() && parser_->reply->keep_alive() && !parser_->reply->need_eof();
}

const Error& ReplyReader::error() const { return parser_->error; }

}  // namespace steward::net
