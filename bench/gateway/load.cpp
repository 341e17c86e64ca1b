#include "bench/gateway/load.h"

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

struct Client {
  int socket = -1;
  int number = 0;
  std::int64_t serial = 0;
  std::int64_t sent_ns = 0;
  std::string input;
  MessageReader reader;
};

void ask(const LoadOptions& options, Client& client) {
  const std::string request = chat_request(options.model, client.number, client.serial++);
  client.sent_ns = now_ns();
  send_all(client.socket, request);
}

/// True if the whole answer has come; false also when the connection has ended, with the socket closed.
bool read_answer(Client& client) {
  static std::array<char, 65536> buffer;
  const ssize_t size = ::recv(client.socket, buffer.data(), buffer.size(), 0);
  if (size <= 0) {
    ::close(client.socket);
    client.socket = -1;
    return false;
  }
  client.input.append(buffer.data(), static_cast<std::size_t>(size));
  return client.reader.feed(client.input);
}

}  // namespace

std::string chat_request(const std::string& model, int client, std::int64_t serial) {
  std::string note;  // letters, so that no filter takes it for a number of somebody's
  for (std::int64_t rest = serial, i = 0; i < 6; ++i, rest /= 20) note += "bcdfghjklmnpqrstvwxz"[rest % 20];
  const std::string body = fmt::format(
      R"({{"model":"{}","messages":[{{"role":"system","content":"You are a friendly adviser for gardeners. Answer briefly."}},)"
      R"({{"role":"user","content":"Note {}. {}"}}],"temperature":0.2,"user":"reader-{}","metadata":{{"conversation_id":"talk-{}-{}"}}}})",
      model, note, kQuestion, client, client, serial / 8);
  return fmt::format(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer sk-bench\r\n"
      "Content-Length: {}\r\n\r\n{}",
      body.size(), body);
}

LoadResult run_load(const LoadOptions& options) {
  LoadResult result;
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  std::vector<Client> clients(static_cast<std::size_t>(options.connections));
  const std::int64_t first = now_ns() / 1000 % 1'000'000'000;  // another run asks other questions
  for (std::size_t i = 0; i < clients.size(); ++i) {
    clients[i].number = static_cast<int>(i);
    clients[i].serial = first;
    clients[i].socket = connect_to(options.port);
    epoll_event event{EPOLLIN, {.u64 = i}};
    epoll_ctl(poll, EPOLL_CTL_ADD, clients[i].socket, &event);
  }
  const std::int64_t began = now_ns();
  const std::int64_t end = began + static_cast<std::int64_t>(options.seconds * 1e9);
  for (Client& client : clients) ask(options, client);
  std::size_t open = clients.size();
  std::array<epoll_event, 256> events;
  while (open > 0) {
    const int count = epoll_wait(poll, events.data(), events.size(), 30'000);
    if (count == 0) break;
    for (int i = 0; i < count; ++i) {
      Client& client = clients[events[static_cast<std::size_t>(i)].data.u64];
      const bool whole = read_answer(client);
      if (client.socket < 0) {
        ++result.failed;
        --open;
      }
      if (!whole) continue;
      const std::int64_t now = now_ns();
      ++(client.reader.status() == 200 ? result.answered : result.failed);
      if (client.reader.status() == 200) result.latencies_ns.push_back(now - client.sent_ns);
      client.reader.reset();
      if (now < end) {
        ask(options, client);
      } else {
        ::close(client.socket);
        client.socket = -1;
        --open;
      }
    }
  }
  result.failed += static_cast<std::int64_t>(open);  // hung
  result.seconds = static_cast<double>(now_ns() - began) * 1e-9;
  ::close(poll);
  std::sort(result.latencies_ns.begin(), result.latencies_ns.end());
  return result;
}

std::int64_t quantile(const std::vector<std::int64_t>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(sorted.size()));
  return sorted[std::min(at, sorted.size() - 1)];
}

}  // namespace steward::bench
