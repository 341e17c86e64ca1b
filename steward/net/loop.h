#pragma once

#include <functional>
#include <memory>
#include <mutex>

namespace boost::asio {
class io_context;
}

namespace steward::net {

/// One event loop, run by one thread. Thread-safe, but for run() and on_finish(). Made by make_shared: what works on it may hold it.
class Loop : public std::enable_shared_from_this<Loop> {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Until finish(), and until nothing is left to do.
  void run();
  /// False, and `job` is not taken, once the loop has been finished.
  bool post(std::function<void()> job);
  /// As post(), but a job that the loop's own thread gives runs as soon as what that thread is doing has returned, before other events.
  bool soon(std::function<void()> job);
  void finish();
  /// On the loop's thread: `job` will run there after finish(), to end what would keep run() from returning. False once that is past.
  bool on_finish(std::function<void()> job);
  boost::asio::io_context& context();
  /// The loop that the calling thread runs, or null.
  static Loop* current();

 private:
  struct State;
  void run_soon();
  void run_last_jobs();
  std::unique_ptr<State> state_;
};

}  // namespace steward::net
