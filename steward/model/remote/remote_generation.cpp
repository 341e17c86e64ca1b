#include "steward/model/remote/remote_generation.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace steward::model {
namespace {

constexpr std::size_t kErrorBodyBytesMax = std::size_t{64} << 10;

/// The media type without parameters, in small letters.
std::string media_type(std::string_view field) {
  std::string out;
  for (const char c : field.substr(0, field.find(';')))
    if (c != ' ' && c != '\t') out += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return out;
}

}  // namespace

void RemoteGeneration::on_head(net::ClientCall& call, const net::ReplyHead& head) {
  status_ = head.status;
  asked_delay_ = net::read_retry_after(head.retry_after);
  error_body_.clear();
  stream_.reset();
  if (finished_ || status_ != 200) return;
  const std::string type = media_type(head.content_type);
  const bool is_events = type == "text/event-stream";
  // A server that cannot stream may answer whole; what nobody asked for is no answer.
  if (!(is_events && expected_.is_events) && type != "application/json")
    return refuse(call, {ErrorCode::kUnavailable,
                         "the upstream's answer is of another media type: is its url that of an OpenAI-compatible API?", ""});
  ReplyStream::Expected expected = expected_;
  expected.is_events = is_events;
  stream_.emplace(std::move(expected));
}

void RemoteGeneration::on_body(net::ClientCall& call, std::string_view bytes) {
  if (finished_) return;
  if (!stream_) {
    error_body_.append(bytes.substr(0, kErrorBodyBytesMax - std::min(kErrorBodyBytesMax, error_body_.size())));
    return;
  }
  if (auto fed = stream_->feed(bytes, sink_); !fed) return refuse(call, std::move(fed).error());
  if (stream_->has_ended()) complete();  // the connection is left to end in its own time
}

void RemoteGeneration::complete() {
  auto reason = stream_->finish(sink_);
  const bool failed = !reason && reason.error().code == ErrorCode::kUnavailable;
  finish(failed ? Outcome::kFailed : Outcome::kAnswered, std::move(reason));
}

/// The reply is useless: its connection is closed.
void RemoteGeneration::refuse(net::ClientCall& call, Error error) {
  const Outcome outcome = error.code == ErrorCode::kUnavailable ? Outcome::kFailed : Outcome::kAnswered;
  finish(outcome, fail(std::move(error)));
  call.cancel();
}

std::optional<std::chrono::milliseconds> RemoteGeneration::retry_after(const Result<void>&, net::CallProgress progress) {
  const bool unconnected = progress == net::CallProgress::kConnecting;
  const bool busy = progress == net::CallProgress::kReplying && !stream_ && net::is_busy(status_);
  if (finished_ || (!unconnected && !busy)) return std::nullopt;
  const auto delay = upstream_->backoff.before(retries_, busy ? asked_delay_ : std::nullopt);
  if (!delay) return std::nullopt;
  report(busy && status_ == 429 ? Outcome::kAnswered : Outcome::kFailed);
  if (!upstream_->breaker.may_ask()) return std::nullopt;
  reported_ = false;
  ++retries_;
  return delay;
}

void RemoteGeneration::on_done(Result<void> result, net::CallProgress) {
  if (finished_) return;
  if (!result && result.error().code == ErrorCode::kCancelled) return finish(Outcome::kAbandoned, FinishReason::kCancelled);
  if (!result) {
    const bool late = result.error().code == ErrorCode::kDeadlineExceeded;
    return finish(Outcome::kFailed,
                  fail(late ? ErrorCode::kDeadlineExceeded : ErrorCode::kUnavailable, "upstream: " + result.error().message));
  }
  if (stream_) return complete();
  finish(status_ >= 500 ? Outcome::kFailed : Outcome::kAnswered, fail(error_of_status()));
}

void RemoteGeneration::report(Outcome outcome) {
  if (std::exchange(reported_, true)) return;
  if (outcome == Outcome::kAnswered) upstream_->breaker.answered();
  if (outcome == Outcome::kFailed) upstream_->breaker.failed();
  if (outcome == Outcome::kAbandoned) upstream_->breaker.abandoned();
}

void RemoteGeneration::finish(Outcome outcome, Result<FinishReason> reason) {
  report(outcome);
  finished_ = true;
  const auto done = std::move(sink_.on_done);
  const Usage usage = stream_ ? stream_->usage() : Usage{};
  sink_ = Sink{};  // it may hold who holds us
  done(std::move(reason), usage);
}

/// Never the upstream's words: they could quote the user, or its key.
Error RemoteGeneration::error_of_status() const {
  const UpstreamError found = read_upstream_error(error_body_);
  const std::string name = found.code.empty() ? std::string() : fmt::format(", {}", found.code);
  if (found.context_length)
    return {ErrorCode::kInvalidInput, "the prompt does not fit the context of this model's upstream", "context_length_exceeded"};
  switch (status_) {
    case 400:
    case 404:
    case 422:
      return {ErrorCode::kInvalidInput, fmt::format("the upstream of this model refused the request ({}{})", status_, name), ""};
    case 413:
      return {ErrorCode::kTooLarge, "the request is too large for this model's upstream", ""};
    case 401:
    case 403:
      return {
          ErrorCode::kUnavailable,
          fmt::format("the upstream does not accept this server's credentials ({}): its operator must check api_key_env or api_key_file",
                      status_),
          ""};
    case 429:
      return {ErrorCode::kResourceExhausted,
              fmt::format("the upstream of this model takes no more requests now ({}{}): try again later", status_, name), ""};
    default:
      return {ErrorCode::kUnavailable, fmt::format("the upstream of this model failed ({}{})", status_, name), ""};
  }
}

}  // namespace steward::model
