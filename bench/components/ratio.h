#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace steward::bench {

/// What is measured: runs `times` times and returns what it took, in nanoseconds of the clock that counts for it.
using Work = std::function<double(std::int64_t times)>;

/// Work whose cost is the CPU time of the calling thread, so that a busy machine changes little.
Work on_cpu(std::function<void()> once);
/// Work whose cost is the time that goes by: for what waits for a disk.
Work on_wall(std::function<void()> once);

/// Median over the repeats, and the interval that holds the true median with 95 % (order statistics).
struct Estimate {
  double median = 0, low = 0, high = 0;
};
Estimate estimate(std::vector<double> samples);

enum class Goal { kAtLeast, kAtMost, kNone };

struct Row {
  std::string figure;
  Goal goal = Goal::kNone;
  double bound = 0;
  std::string unit = {};  ///< "x" for ratios
  Estimate measured = {};
  std::string detail = {};
};

/// Runs benches and prints one row for each figure.
class Table {
 public:
  enum class Length { kWhole, kSmoke };  ///< kSmoke: each work once or twice, to see that it runs
  Table(Length length, std::vector<std::string> names) : length_(length), names_(std::move(names)) {}

  /// True if a bench of this name was asked for.
  bool wants(std::string_view name) const;
  bool is_smoke() const { return length_ == Length::kSmoke; }
  /// Time of one `ours`, in microseconds divided by `per`.
  void time_of(Row row, const Work& ours, double per);
  /// How many times faster `ours` is than `theirs`, measured by turns. `bytes`: of one run, for the detail.
  void faster_than(Row row, const Work& ours, const Work& theirs, double bytes);
  /// Prints the header, once, and the row.
  void print(const Row& row);

 private:
  int repeats() const { return is_smoke() ? 2 : 21; }
  /// How often `work` fits into one repeat.
  std::int64_t times_of(const Work& work) const;

  const Length length_;
  const std::vector<std::string> names_;
  bool has_header_ = false;
};

}  // namespace steward::bench
