#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "steward/core/clock.h"

namespace steward::runs {

struct ProgressState {
  std::int64_t step = 0;    ///< done
  std::int64_t tokens = 0;  ///< read since this process began
  double loss = 0;
  std::optional<double> validation_loss;
};

/// Tells a person how a run goes. On a terminal one line that is drawn over; elsewhere a plain line now and then.
class Progress {
 public:
  enum class Style { kTerminal, kLines };
  /// first_step: steps done before this process began. out must outlive it. clock: monotonic, such as SteadyClock.
  Progress(std::FILE* out, Style style, std::int64_t first_step, std::int64_t steps, const Clock& clock);
  /// kTerminal if `out` is one.
  static Style style_of(std::FILE* out);
  /// Draws at most five times a second on a terminal, once in ten seconds elsewhere; the first and the last step always.
  void update(const ProgressState& state);
  /// Ends the line that is drawn over, so that other output can follow.
  void finish();

  /// "step 120/400  30 %  3,512 tokens/s  loss 1.234  validation 1.301  1m40s left"
  std::string line(const ProgressState& state) const;

 private:
  std::FILE* out_;
  Style style_;
  std::int64_t first_step_, steps_;
  const Clock& clock_;
  std::int64_t start_us_, drawn_us_ = -1;
  bool open_line_ = false;
};

}  // namespace steward::runs
