#include "steward/guard/lap_timer.h"

#include <time.h>

#include "steward/core/clock.h"

namespace steward::guard {
namespace {

/// A reading of both clocks. A call that began `gap` after it has used at least (CPU since then - gap): the benefit of
/// the doubt is never more than the gap, which is kept under a quarter of the deadline.
struct Mark {
  std::int64_t steady_ns = 0;
  std::int64_t cpu_ns = 0;
  bool set = false;
};
thread_local Mark mark;

void read_mark(std::int64_t now_ns) { mark = {now_ns, thread_cpu_ns(), true}; }

}  // namespace

std::int64_t thread_cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

LapTimer::LapTimer(std::chrono::nanoseconds shortest_deadline) : shortest_ns_(shortest_deadline.count()) { restart(); }

void LapTimer::restart() {
  last_ns_ = steady_ns();
  if (!mark.set || last_ns_ - mark.steady_ns > shortest_ns_ / 4) read_mark(last_ns_);
}

Lap LapTimer::lap(std::chrono::nanoseconds deadline) {
  const std::int64_t now = steady_ns();
  Lap lap{now - last_ns_, false};
  if (lap.time_ns > deadline.count()) {
    const std::int64_t cpu_since_mark = thread_cpu_ns() - mark.cpu_ns;
    lap.overrun = cpu_since_mark - (last_ns_ - mark.steady_ns) > deadline.count();
  }
  if (now - mark.steady_ns > shortest_ns_ / 4) read_mark(now);
  last_ns_ = now;
  return lap;
}

}  // namespace steward::guard
