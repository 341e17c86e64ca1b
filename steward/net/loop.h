#pragma once

#include <functional>
#include <memory>
#include <mutex>

namespace boost::asio {
class io_context;
}

namespace steward::net {

/// One event loop, run by one thread. Thread-safe, but for run().
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Until finish(), and until nothing is left to do.
  void run();
  /// False, and `job` is not taken, once the loop has been finished.
  bool post(std::function<void()> job);
  void finish();
  boost::asio::io_context& context();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace steward::net
