#include "steward/runs/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace steward::runs {
namespace {

constexpr std::int64_t kRedrawUs = 200'000, kLineUs = 10'000'000;
constexpr int kBarWidth = 20;

/// 1234567 → "1,234,567".
std::string grouped(std::int64_t value) {
  std::string out = std::to_string(value);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(out.size()) - 3; at > (value < 0 ? 1 : 0); at -= 3)
    out.insert(static_cast<std::size_t>(at), ",");
  return out;
}

std::string duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::ceil(seconds));
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  return fmt::format("{}h{:02}m", whole / 3600, whole % 3600 / 60);
}

}  // namespace

Progress::Progress(std::FILE* out, Style style, std::int64_t first_step, std::int64_t steps, const Clock& clock)
    : out_(out), style_(style), first_step_(first_step), steps_(steps), clock_(clock), start_us_(clock.now_us()) {}

Progress::Style Progress::style_of(std::FILE* out) { return ::isatty(::fileno(out)) ? Style::kTerminal : Style::kLines; }

std::string Progress::line(const ProgressState& state) const {
  const double seconds = static_cast<double>(clock_.now_us() - start_us_) / 1e6;
  const double done = static_cast<double>(state.step - first_step_);
  std::string out = fmt::format("step {}/{}  {:.0f} %", state.step, steps_,
                                steps_ > 0 ? 100 * static_cast<double>(state.step) / static_cast<double>(steps_) : 100.0);
  if (seconds > 0) out += fmt::format("  {} tokens/s", grouped(std::llround(static_cast<double>(state.tokens) / seconds)));
  out += fmt::format("  loss {:.4f}", state.loss);
  if (state.validation_loss) out += fmt::format("  validation {:.4f}", *state.validation_loss);
  if (done > 0 && seconds > 0 && state.step < steps_)
    out += fmt::format("  {} left", duration(seconds / done * static_cast<double>(steps_ - state.step)));
  return out;
}

void Progress::update(const ProgressState& state) {
  const std::int64_t now = clock_.now_us();
  const bool due = drawn_us_ < 0 || now - drawn_us_ >= (style_ == Style::kTerminal ? kRedrawUs : kLineUs);
  if (!due && state.step < steps_) return;
  drawn_us_ = now;
  if (style_ == Style::kLines) {
    fmt::print(out_, "{}\n", line(state));
  } else {
    const double share = steps_ > 0 ? std::clamp(static_cast<double>(state.step) / static_cast<double>(steps_), 0.0, 1.0) : 1;
    const int filled = static_cast<int>(share * kBarWidth);
    fmt::print(out_, "\r[{:=<{}}{: <{}}] {}\x1b[K", "", filled, "", kBarWidth - filled, line(state));
    open_line_ = true;
  }
  std::fflush(out_);
}

void Progress::finish() {
  if (open_line_) fmt::print(out_, "\n");
  open_line_ = false;
  std::fflush(out_);
}

}  // namespace steward::runs
