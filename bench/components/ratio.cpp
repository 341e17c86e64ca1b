#include "bench/components/ratio.h"

#include <time.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace steward::bench {
namespace {

constexpr double kRepeatNs = 20e6;

double clock_ns(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

Work timed(clockid_t clock, std::function<void()> once) {
  return [clock, once = std::move(once)](std::int64_t times) {
    const double begin = clock_ns(clock);
    for (std::int64_t i = 0; i < times; ++i) once();
    return clock_ns(clock) - begin;
  };
}

std::string_view verdict(const Row& row) {
  if (row.goal == Goal::kNone) return "";
  const bool met = row.goal == Goal::kAtLeast ? row.measured.median >= row.bound : row.measured.median <= row.bound;
  return met ? "met" : "MISSED";
}

}  // namespace

Work on_cpu(std::function<void()> once) { return timed(CLOCK_THREAD_CPUTIME_ID, std::move(once)); }
Work on_wall(std::function<void()> once) { return timed(CLOCK_MONOTONIC, std::move(once)); }

Estimate estimate(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  const auto n = static_cast<double>(samples.size());
  const double reach = 0.98 * std::sqrt(n);  // 1.96 standard deviations of the number of samples below the median
  const auto at = [&](double place) { return samples[static_cast<std::size_t>(std::clamp(place, 0.0, n - 1))]; };
  return {samples[samples.size() / 2], at(std::floor(n / 2 - reach)), at(std::ceil(n / 2 + reach))};
}

bool Table::wants(std::string_view name) const { return names_.empty() || std::find(names_.begin(), names_.end(), name) != names_.end(); }

std::int64_t Table::times_of(const Work& work) const {
  work(1);  // what is made at first use is none of the cost
  if (is_smoke()) return 1;
  std::int64_t times = 1;
  while (true) {
    const double ns = work(times);
    if (ns >= kRepeatNs / 4) return std::max<std::int64_t>(1, static_cast<std::int64_t>(static_cast<double>(times) * kRepeatNs / ns));
    times *= 4;
  }
}

void Table::time_of(Row row, const Work& ours, double per) {
  const std::int64_t times = times_of(ours);
  std::vector<double> samples;
  for (int i = 0; i < repeats(); ++i) samples.push_back(ours(times) / static_cast<double>(times) / per / 1e3);
  row.unit = "us";
  row.measured = estimate(std::move(samples));
  print(row);
}

void Table::faster_than(Row row, const Work& ours, const Work& theirs, double bytes) {
  const std::int64_t our_times = times_of(ours), their_times = times_of(theirs);
  std::vector<double> ratios, our_ns, their_ns;
  for (int i = 0; i < repeats(); ++i) {
    our_ns.push_back(ours(our_times) / static_cast<double>(our_times));
    their_ns.push_back(theirs(their_times) / static_cast<double>(their_times));
    ratios.push_back(their_ns.back() / our_ns.back());
  }
  row.unit = "x";
  row.measured = estimate(std::move(ratios));
  const double us = estimate(our_ns).median / 1e3, them = estimate(their_ns).median / 1e3;
  if (row.detail.empty() && bytes > 0) row.detail = fmt::format("{:.0f} against {:.0f} MB/s", bytes / us, bytes / them);
  print(row);
}

void Table::print(const Row& row) {
  if (!has_header_) fmt::print("{:<58} {:>9} {:>10} {:>20}  {:<7} {}\n", "figure", "goal", "measured", "95 % interval", "", "detail");
  has_header_ = true;
  const std::string goal =
      row.goal == Goal::kNone ? "" : fmt::format("{} {:g}{}", row.goal == Goal::kAtLeast ? ">=" : "<=", row.bound, row.unit);
  const std::string interval = fmt::format("{:.3g} to {:.3g}", row.measured.low, row.measured.high);
  fmt::print("{:<58} {:>9} {:>10} {:>20}  {:<7} {}\n", row.figure, goal, fmt::format("{:.3g}{}", row.measured.median, row.unit), interval,
             is_smoke() ? "" : verdict(row), row.detail);
  std::fflush(stdout);
}

}  // namespace steward::bench
