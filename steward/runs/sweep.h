#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "steward/core/result.h"

namespace steward::runs {

/// Values of one key, as in `optimizer.rate=[1e-5,1e-4]`.
struct SearchedKey {
  std::string key;
  std::vector<std::string> values;
};
/// Errors: kInvalidInput that quotes the form.
Result<SearchedKey> parse_searched(const std::string& text);

/// key=value of each searched key.
using Settings = std::vector<std::string>;
/// All combinations; the last key changes fastest.
std::vector<Settings> grid(const std::vector<SearchedKey>& keys);
/// `count` draws, each key between its two values, evenly in its logarithm; whole numbers where both values are. The same seed gives the
/// same draws. Errors: kInvalidInput if a key has not two numbers above 0, the lower first.
Result<std::vector<Settings>> random_settings(const std::vector<SearchedKey>& keys, std::size_t count, std::uint64_t seed);

/// One run of a search: what it was given, how far it came, and how well.
struct Trial {
  std::size_t number = 0;
  Settings settings;
  double share = 0;             ///< of its steps that are done
  std::optional<double> score;  ///< the best validation so far; none: it has failed
  std::string failure;          ///< why, or empty
};

struct SweepOptions {
  std::size_t rungs = 3;       ///< 1: every run goes to its end
  double survivors = 1.0 / 3;  ///< share of the runs that go on after a rung, at least one
  bool higher_is_better = false;
};
/// Successive halving [Jamieson & Talwalkar 2016, arXiv:1502.07943]: where the runs of a rung pause, as a share of their steps. As many
/// steps are spent on each rung. rung: from 0; the last is 1.
double share_of_rung(const SweepOptions& options, std::size_t rung);
/// Of the trials that came to the end of their rung, those that go on, best first. Failed ones never do.
std::vector<std::size_t> survivors(const SweepOptions& options, const std::vector<Trial>& trials, double share);
/// Those that came farthest first, the better of them before the others; failed ones last.
std::vector<Trial> ranked(const SweepOptions& options, std::vector<Trial> trials);

/// What a trial was given and how it did: one line of JSON, and back.
std::string print_trial(const Trial& trial);
Result<Trial> read_trial(const std::string& line);
/// A page with one table. trials: in the order of their rows. metric: what the score is.
std::string render_sweep(const std::string& title, const std::string& metric, const std::vector<Trial>& trials);

}  // namespace steward::runs
