#include "bench/gateway/mock_upstream.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>

#include <fmt/format.h>

#include "bench/gateway/prose.h"
#include "bench/gateway/wire.h"

namespace steward::bench {
namespace {

constexpr std::string_view kStreamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string whole_reply() {
  const std::string body = fmt::format(
      R"({{"id":"chatcmpl-mock","object":"chat.completion","created":1790000000,"model":"mock","choices":[{{"index":0,"message":)"
      R"({{"role":"assistant","content":"{}"}},"logprobs":null,"finish_reason":"stop"}}],)"
      R"("usage":{{"prompt_tokens":180,"completion_tokens":170,"total_tokens":350}}}})",
      kAnswer);
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
}

std::string chunk(std::string_view delta, std::string_view finish) {
  const std::string event =
      fmt::format(R"(data: {{"id":"chatcmpl-mock","object":"chat.completion.chunk","created":1790000000,"model":"mock",)"
                  R"("choices":[{{"index":0,"delta":{},"finish_reason":{}}}]}})"
                  "\n\n",
                  delta, finish);
  return fmt::format("{:x}\r\n{}\r\n", event.size(), event);
}

std::vector<std::string> stream_events(int deltas) {
  std::vector<std::string> out{chunk(R"({"role":"assistant","content":""})", "null")};
  for (int i = 0; i < deltas; ++i)
    out.push_back(chunk(fmt::format(R"({{"content":"{}"}})", kWords[static_cast<std::size_t>(i) % kWords.size()]), "null"));
  out.push_back(chunk("{}", "\"stop\"") + "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n");
  return out;
}

}  // namespace

struct MockUpstream::Client {
  int socket = -1;
  std::string input;
  MessageReader reader;
  std::size_t next = 0;  ///< event of a stream under way
  std::size_t lane = 0;
};

MockUpstream::MockUpstream(const MockOptions& options)
    : options_(options),
      listener_(listen_on(options.port)),
      poll_(epoll_create1(EPOLL_CLOEXEC)),
      port_(port_of(listener_)),
      whole_reply_(whole_reply()),
      events_(stream_events(options.deltas)) {
  for (std::size_t i = 0; i < options.lanes; ++i) times_.emplace_back(events_.size());
  epoll_event event{EPOLLIN, {.fd = listener_}};
  epoll_ctl(poll_, EPOLL_CTL_ADD, listener_, &event);
  thread_ = std::thread([this] { run(); });
}

MockUpstream::~MockUpstream() {
  stopping_ = true;
  thread_.join();
  for (const auto& [socket, client] : clients_) ::close(socket);
  ::close(listener_);
  ::close(poll_);
}

void MockUpstream::run() {
  std::array<epoll_event, 256> events;
  while (!stopping_) {
    std::int64_t wait_ns = 100'000'000;
    if (!due_.empty()) wait_ns = std::clamp<std::int64_t>(due_.front().first - now_ns(), 0, wait_ns);
    const timespec wait{0, wait_ns};
    const int count = epoll_pwait2(poll_, events.data(), events.size(), &wait, nullptr);
    for (int i = 0; i < count; ++i) {
      const int socket = events[static_cast<std::size_t>(i)].data.fd;
      socket == listener_ ? accept_all() : read(socket);
    }
    send_due();
  }
}

void MockUpstream::accept_all() {
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    auto client = std::make_unique<Client>();
    client->socket = socket;
    clients_[socket] = std::move(client);
    epoll_event event{EPOLLIN, {.fd = socket}};
    epoll_ctl(poll_, EPOLL_CTL_ADD, socket, &event);
  }
}

void MockUpstream::read(int socket) {
  static thread_local std::array<char, 65536> buffer;
  const auto found = clients_.find(socket);
  if (found == clients_.end()) return;
  Client& client = *found->second;
  const ssize_t size = ::recv(socket, buffer.data(), buffer.size(), 0);
  if (size <= 0) {
    std::erase_if(due_, [&](const auto& entry) { return entry.second == socket; });
    std::make_heap(due_.begin(), due_.end(), std::greater<>());
    clients_.erase(found);
    ::close(socket);
    return;
  }
  client.input.append(buffer.data(), static_cast<std::size_t>(size));
  while (client.reader.feed(client.input)) {
    answer(client, client.reader.body());
    client.reader.reset();
  }
}

void MockUpstream::answer(Client& client, std::string_view body) {
  const bool stream = body.find("\"stream\":true") != std::string_view::npos || body.find("\"stream\": true") != std::string_view::npos;
  if (!stream) {
    send_all(client.socket, whole_reply_);
    return;
  }
  const std::size_t lane = body.find("lane ");
  client.lane = lane == std::string_view::npos ? options_.lanes : std::strtoul(body.data() + lane + 5, nullptr, 10);
  client.next = 1;
  send_all(client.socket, std::string(kStreamHead) + events_.front());
  due_.emplace_back(now_ns() + options_.gap_ns, client.socket);
  std::push_heap(due_.begin(), due_.end(), std::greater<>());
}

void MockUpstream::send_due() {
  while (!due_.empty() && due_.front().first <= now_ns()) {
    std::pop_heap(due_.begin(), due_.end(), std::greater<>());
    const auto [when, socket] = due_.back();
    due_.pop_back();
    Client& client = *clients_.at(socket);
    send_next(client);
    if (client.next == events_.size()) continue;
    due_.emplace_back(when + options_.gap_ns, socket);
    std::push_heap(due_.begin(), due_.end(), std::greater<>());
  }
}

void MockUpstream::send_next(Client& client) {
  if (client.lane < times_.size()) times_[client.lane][client.next - 1].store(now_ns(), std::memory_order_release);
  send_all(client.socket, events_[client.next]);
  ++client.next;
}

}  // namespace steward::bench
