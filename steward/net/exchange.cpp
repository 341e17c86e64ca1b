#include "steward/net/exchange.h"

#include <algorithm>
#include <ctime>

#include <fmt/format.h>

#include "steward/core/check.h"

namespace steward::net {
namespace {

/// IMF-fixdate (RFC 9110, section 5.6.7), made at most once a second and thread.
std::string_view http_date() {
  thread_local std::time_t made = 0;
  thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != made) {
    std::tm parts{};
    gmtime_r(&now, &parts);
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    text = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[parts.tm_wday], parts.tm_mday, kMonths[parts.tm_mon],
                       parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
    made = now;
  }
  return text;
}

}  // namespace

Exchange::Exchange(const ExchangeTraits& traits, std::weak_ptr<ExchangeHost> host, std::shared_ptr<Loop> loop)
    : traits_(traits), host_(std::move(host)), loop_(std::move(loop)), keep_alive_(traits.keep_alive) {}

std::string Exchange::head(int status, const Headers& headers, std::string_view framing) {
  std::string out = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", status, reason_phrase(status), http_date());
  for (const auto& [name, value] : headers.fields()) {
    STEWARD_CHECK(value.find_first_of("\r\n") == std::string::npos);  // else a value could forge a header
    out.append(name).append(": ").append(value).append("\r\n");
  }
  if (!keep_alive_)
    out += "Connection: close\r\n";
  else if (!traits_.http_1_1)
    out += "Connection: keep-alive\r\n";
  out.append(framing).append("\r\n");
  return out;
}

void Exchange::wake_locked() {
  if (awake_ || closed_) return;
  awake_ = true;
  if (const auto host = host_.lock()) host->wake();
}

void Exchange::cut_locked() {
  cut_ = true;
  awake_ = false;  // the connection may have been told of output while its socket was full, and must look again
  wake_locked();
}

void Exchange::send(int status, const Headers& headers, std::string_view body) {
  const std::lock_guard lock(mutex_);
  STEWARD_CHECK(phase_ == Phase::kWaiting);
  phase_ = Phase::kEnded;
  if (closed_) return;
  const bool empty_status = status == 204 || status == 304;
  head_ = head(status, headers, empty_status ? "" : fmt::format("Content-Length: {}\r\n", body.size()));
  if (!traits_.head_only && !empty_status) head_ += body;
  wake_locked();
}

void Exchange::begin_stream(int status, const Headers& headers) {
  const std::lock_guard lock(mutex_);
  STEWARD_CHECK(phase_ == Phase::kWaiting);
  phase_ = Phase::kStreaming;
  if (closed_) return;
  chunked_ = traits_.http_1_1;
  no_body_ = traits_.head_only;
  if (!chunked_) keep_alive_ = false;  // its end is told by closing
  head_ = head(status, headers, chunked_ ? "Transfer-Encoding: chunked\r\n" : "");
  wake_locked();
}

std::size_t Exchange::write(std::string_view chunk) {
  const std::lock_guard lock(mutex_);
  STEWARD_CHECK(phase_ == Phase::kStreaming);
  if (closed_ || cut_ || chunk.empty() || no_body_) return closed_ ? 0 : in_flight_ + body_.size();
  body_ += chunk;
  if (in_flight_ + body_.size() > traits_.outbound_bytes_max) cut_locked();
  wake_locked();
  return in_flight_ + body_.size();
}

void Exchange::end() {
  const std::lock_guard lock(mutex_);
  STEWARD_CHECK(phase_ == Phase::kStreaming);
  phase_ = Phase::kEnded;
  wake_locked();
}

void Exchange::abort() {
  const std::lock_guard lock(mutex_);
  phase_ = Phase::kEnded;
  cut_locked();
}

void Exchange::dropped() {
  bool waiting = false;
  {
    const std::lock_guard lock(mutex_);
    if (phase_ == Phase::kEnded) return;
    waiting = phase_ == Phase::kWaiting;
  }
  if (waiting)
    send(500, Headers{{"Content-Type", "text/plain"}}, "the request was dropped\n");
  else
    abort();
}

void Exchange::on_closed(std::function<void()> callback) {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) {
      std::swap(on_closed_, callback);  // the old one is destroyed after the lock: it may hold the last hold on us
      return;
    }
  }
  if (callback) post(std::move(callback));
}

void Exchange::post(std::function<void()> job) {
  if (!loop_->soon(job)) job();
}

void Exchange::after(std::chrono::milliseconds delay, std::function<void()> job) {
  if (const auto host = host_.lock()) host->arm(delay, std::move(job));
}

Exchange::Output Exchange::take() {
  const std::lock_guard lock(mutex_);
  awake_ = false;
  Output out;
  out.complete = phase_ == Phase::kEnded;
  out.bytes = std::move(head_);
  head_.clear();
  if (!body_.empty()) {
    if (chunked_) out.bytes += fmt::format("{:x}\r\n", body_.size());
    out.bytes += body_;
    if (chunked_) out.bytes += "\r\n";
    body_.clear();
  }
  if (out.complete && chunked_ && !no_body_) {
    out.bytes += "0\r\n\r\n";
    chunked_ = false;  // once
  }
  in_flight_ += out.bytes.size();
  return out;
}

void Exchange::written(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  in_flight_ -= std::min(bytes, in_flight_);  // an interim answer was never counted
}

void Exchange::disconnect() {
  std::function<void()> callback;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
    callback = std::move(on_closed_);
    on_closed_ = nullptr;
  }
  if (callback) callback();
}

void Exchange::disconnect_quietly() {
  std::function<void()> callback;  // destroyed after the lock: it may hold the last hold on us
  const std::lock_guard lock(mutex_);
  closed_ = true;
  callback = std::move(on_closed_);
  on_closed_ = nullptr;
}

void Exchange::no_keep_alive() {
  const std::lock_guard lock(mutex_);
  keep_alive_ = false;
}

bool Exchange::is_cut() const {
  const std::lock_guard lock(mutex_);
  return cut_;
}

bool Exchange::keep_alive() const {
  const std::lock_guard lock(mutex_);
  return keep_alive_;
}

namespace {

class ExchangeResponder final : public Responder {
 public:
  explicit ExchangeResponder(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  ~ExchangeResponder() override { exchange_->dropped(); }
  void send(int status, Headers headers, std::string body) override { exchange_->send(status, headers, body); }
  void begin_stream(int status, Headers headers) override { exchange_->begin_stream(status, headers); }
  std::size_t write(std::string_view chunk) override { return exchange_->write(chunk); }
  void end() override { exchange_->end(); }
  void abort() override { exchange_->abort(); }
  void on_closed(std::function<void()> callback) override { exchange_->on_closed(std::move(callback)); }
  void post(std::function<void()> job) override { exchange_->post(std::move(job)); }
  void after(std::chrono::milliseconds delay, std::function<void()> job) override { exchange_->after(delay, std::move(job)); }

 private:
  const std::shared_ptr<Exchange> exchange_;  // shared with the connection, which may end first
};

}  // namespace

std::shared_ptr<Responder> make_responder(std::shared_ptr<Exchange> exchange) {
  return std::make_shared<ExchangeResponder>(std::move(exchange));
}

}  // namespace steward::net
