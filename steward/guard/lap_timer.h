#pragma once

#include <chrono>
#include <cstdint>

namespace steward::guard {

struct Lap {
  std::int64_t time_ns = 0;  ///< steady time since the lap before
  bool overrun = false;      ///< the thread computed for longer than the deadline
};

/// Times consecutive calls on the thread that made it. A call overruns by the CPU time of its thread, so that a busy
/// machine does not turn into blocked replies; CPU time (a system call) is read only when steady time is over the
/// deadline.
class LapTimer {
 public:
  explicit LapTimer(std::chrono::nanoseconds shortest_deadline);
  void restart();  ///< what was done since the last lap counts for nobody
  Lap lap(std::chrono::nanoseconds deadline);

 private:
  std::int64_t shortest_ns_;
  std::int64_t last_ns_ = 0;
};

/// CPU time of the calling thread in nanoseconds.
std::int64_t thread_cpu_ns();

}  // namespace steward::guard
