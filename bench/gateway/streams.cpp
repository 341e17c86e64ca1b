#include "bench/gateway/streams.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "bench/gateway/prose.h"
#include "bench/gateway/wire.h"

namespace steward::bench {
namespace {

constexpr int kLearningStreams = 3;

struct Lane {
  int socket = -1;
  std::size_t number = 0;
  std::string input, events;
  MessageReader reader;
  std::size_t text_bytes = 0;  ///< of the stream under way
  std::int64_t streams = 0;
};

std::string stream_request(const std::string& model, std::size_t lane, std::int64_t serial) {
  const std::string body =
      fmt::format(R"({{"model":"{}","messages":[{{"role":"user","content":"On lane {} please tell me about the garden of our library."}}],)"
                  R"("stream":true,"user":"reader-{}","metadata":{{"conversation_id":"talk-{}-{}"}}}})",
                  model, lane, lane, lane, serial / 8);
  return fmt::format(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer sk-bench\r\n"
      "Content-Length: {}\r\n\r\n{}",
      body.size(), body);
}

/// Text bytes of the whole events in front of `events`, which are taken out. The text is plain: no escapes.
std::size_t take_text(std::string& events) {
  constexpr std::string_view kContent = "\"content\":\"";
  std::size_t bytes = 0, at = 0;
  for (std::size_t end = events.find("\n\n"); end != std::string::npos; end = events.find("\n\n", at)) {
    const std::string_view event = std::string_view(events).substr(at, end - at);
    if (const std::size_t content = event.find(kContent); content != std::string_view::npos) {
      const std::size_t begin = content + kContent.size();
      bytes += event.find('"', begin) - begin;
    }
    at = end + 2;
  }
  events.erase(0, at);
  return bytes;
}

class Session {
 public:
  /// Learns into the result's schedule when `schedule` is null.
  Session(MockUpstream& mock, const StreamOptions& options, const Schedule* schedule)
      : mock_(mock), options_(options), schedule_(schedule) {}

  StreamResult run() {
    const int poll = epoll_create1(EPOLL_CLOEXEC);
    std::vector<Lane> lanes(static_cast<std::size_t>(options_.lanes));
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      lanes[i].number = i;
      lanes[i].socket = connect_to(options_.port);
      epoll_event event{EPOLLIN, {.u64 = i}};
      epoll_ctl(poll, EPOLL_CTL_ADD, lanes[i].socket, &event);
      ask(lanes[i]);
    }
    end_ns_ = now_ns() + static_cast<std::int64_t>(options_.seconds * 1e9);
    open_ = lanes.size();
    std::array<epoll_event, 64> events;
    while (open_ > 0) {
      const int count = epoll_wait(poll, events.data(), events.size(), 30'000);
      if (count == 0) break;
      for (int i = 0; i < count; ++i) read(lanes[events[static_cast<std::size_t>(i)].data.u64]);
    }
    result_.failed += static_cast<std::int64_t>(open_);
    ::close(poll);
    std::sort(result_.delays_ns.begin(), result_.delays_ns.end());
    if (schedule_) count_held();
    return std::move(result_);
  }

 private:
  void ask(Lane& lane) {
    for (auto& time : mock_.send_times(lane.number)) time.store(0, std::memory_order_relaxed);
    lane.text_bytes = 0;
    lane.reader.reset();
    send_all(lane.socket, stream_request(options_.model, lane.number, lane.streams));
  }

  void close(Lane& lane) {
    ::close(lane.socket);
    lane.socket = -1;
    --open_;
  }

  void read(Lane& lane) {
    static std::array<char, 65536> buffer;
    const ssize_t size = ::recv(lane.socket, buffer.data(), buffer.size(), 0);
    const std::int64_t now = now_ns();
    if (size <= 0) {
      ++result_.failed;
      return close(lane);
    }
    lane.input.append(buffer.data(), static_cast<std::size_t>(size));
    const bool whole = lane.reader.feed(lane.input);
    lane.events += lane.reader.take_body();
    const std::size_t before = lane.text_bytes;
    lane.text_bytes += take_text(lane.events);
    if (lane.text_bytes > before) schedule_ ? measure(lane, before, now) : learn(lane, before, now);
    if (!whole) return;
    const bool good = lane.reader.status() == 200 && lane.text_bytes == text_bytes_of_a_stream();
    ++(good ? result_.streams : result_.failed);
    if (good) result_.deltas += static_cast<std::int64_t>(mock_.send_times(lane.number).size() - 2);
    ++lane.streams;
    const bool more = schedule_ ? now < end_ns_ : lane.streams < kLearningStreams;
    more ? ask(lane) : close(lane);
  }

  std::size_t text_bytes_of_a_stream() {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i + 2 < mock_.send_times(0).size(); ++i) bytes += kWords[i % kWords.size()].size();
    return bytes;
  }

  /// One sample for each delta that released something in [before, text_bytes).
  void measure(const Lane& lane, std::size_t before, std::int64_t now) {
    const SendTimes& times = mock_.send_times(lane.number);
    for (std::size_t at = before; at < lane.text_bytes && at < schedule_->size();) {
      const std::size_t delta = (*schedule_)[at];
      const std::int64_t sent = times[delta].load(std::memory_order_acquire);
      if (sent == 0)
        ++result_.early;
      else
        result_.delays_ns.push_back(now - sent);
      while (at < lane.text_bytes && at < schedule_->size() && (*schedule_)[at] == delta) ++at;
    }
  }

  /// The latest delta that was sent before the receipt; the earliest of those over all streams, as one may be late.
  void learn(const Lane& lane, std::size_t before, std::int64_t now) {
    const SendTimes& times = mock_.send_times(lane.number);
    std::size_t delta = 0;
    for (std::size_t i = 0; i + 1 < times.size(); ++i)
      if (const std::int64_t sent = times[i].load(std::memory_order_acquire); sent != 0 && sent <= now) delta = i;
    result_.schedule.resize(std::max(result_.schedule.size(), lane.text_bytes), times.size());
    for (std::size_t at = before; at < lane.text_bytes; ++at) result_.schedule[at] = std::min(result_.schedule[at], delta);
  }

  void count_held() {
    std::size_t sent = 0, released = 0;
    for (std::size_t delta = 0; delta + 2 < mock_.send_times(0).size(); ++delta) {
      sent += kWords[delta % kWords.size()].size();
      while (released < schedule_->size() && (*schedule_)[released] <= delta) ++released;
      result_.held_bytes.push_back(static_cast<std::int64_t>(sent - released));
    }
    std::sort(result_.held_bytes.begin(), result_.held_bytes.end());
  }

  MockUpstream& mock_;
  const StreamOptions& options_;
  const Schedule* schedule_;
  StreamResult result_;
  std::int64_t end_ns_ = 0;
  std::size_t open_ = 0;
};

}  // namespace

StreamResult learn_schedule(MockUpstream& mock, const StreamOptions& options) { return Session(mock, options, nullptr).run(); }

StreamResult run_streams(MockUpstream& mock, const StreamOptions& options, const Schedule& schedule) {
  return Session(mock, options, &schedule).run();
}

}  // namespace steward::bench
