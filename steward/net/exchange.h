#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "steward/net/http.h"
#include "steward/net/loop.h"

namespace steward::net {

/// What an exchange asks of its connection. Callable from any thread.
class ExchangeHost {
 public:
  virtual ~ExchangeHost() = default;
  virtual void wake() = 0;  ///< there is output to take
  virtual void arm(std::chrono::milliseconds delay, std::function<void()> job) = 0;
};

struct ExchangeTraits {
  bool head_only = false;  ///< HEAD: no body is sent
  bool http_1_1 = true;
  bool keep_alive = true;
  std::size_t outbound_bytes_max = 0;
};

/// One request's answer between the handler, on any thread, and the connection, on its own. Thread-safe.
class Exchange {
 public:
  struct Output {
    std::string bytes;
    bool complete = false;  ///< nothing follows
  };

  Exchange(const ExchangeTraits& traits, std::weak_ptr<ExchangeHost> host, std::shared_ptr<Loop> loop);

  void send(int status, const Headers& headers, std::string_view body);
  void begin_stream(int status, const Headers& headers);
  std::size_t write(std::string_view chunk);
  void end();
  void abort();
  void dropped();  ///< the handler let go of the responder
  void on_closed(std::function<void()> callback);
  void post(std::function<void()> job);
  void after(std::chrono::milliseconds delay, std::function<void()> job);

  /// The connection's side. All body data that waits becomes one chunk.
  Output take();
  bool is_cut() const;  ///< to be closed at once
  void written(std::size_t bytes);
  void disconnect();          ///< the client left: calls the callback
  void disconnect_quietly();  ///< the answer has been sent: nothing is called any more
  void no_keep_alive();
  bool keep_alive() const;

 private:
  enum class Phase { kWaiting, kStreaming, kEnded };
  std::string head(int status, const Headers& headers, std::string_view framing);
  void wake_locked();
  void cut_locked();

  const ExchangeTraits traits_;
  const std::weak_ptr<ExchangeHost> host_;
  const std::shared_ptr<Loop> loop_;
  mutable std::mutex mutex_;
  Phase phase_ = Phase::kWaiting;
  bool keep_alive_;
  bool chunked_ = false;
  bool no_body_ = false;
  bool cut_ = false;
  bool closed_ = false;
  bool awake_ = false;  ///< the connection has been told and has not taken yet
  std::string head_;    ///< to be sent before body_
  std::string body_;
  std::size_t in_flight_ = 0;  ///< taken by the connection, not yet by the kernel
  std::function<void()> on_closed_;
};

/// A handler's hold on an exchange; answers for it when it is dropped.
std::shared_ptr<Responder> make_responder(std::shared_ptr<Exchange> exchange);

}  // namespace steward::net
