#pragma once

#include <span>
#include <string>
#include <vector>

#include "steward/core/bootstrap.h"

namespace steward::eval {

/// kSummary: ROUGE-1, -2 and -L. kAnswer: SQuAD's exact match and F1. kLabel: accuracy, and how many answers name a label at all.
enum class Task { kSummary, kAnswer, kLabel };

/// What a model wrote for one row, and what counts as right: for kLabel the one right label.
struct Written {
  std::string text;
  std::vector<std::string> right;
};

/// One measure: a value a row, and their mean with its interval (95 %, bootstrap over rows).
struct Measure {
  std::string name;
  std::vector<double> values;
  Interval mean;
};

/// labels: of kLabel, all that there are. rounds: of the bootstrap.
std::vector<Measure> measure(Task task, std::span<const Written> rows, std::span<const std::string> labels = {}, int rounds = 2000);

/// The mean of the gains `after - before` on the same rows, with its interval: it holds what the two intervals beside each other do not,
/// that the rows are the same. Sizes must be equal.
Interval gain(const Measure& before, const Measure& after, int rounds = 2000);

/// A Markdown table: a row a measure; before, after and gain, in points of 100, with intervals.
std::string gain_table(const std::vector<Measure>& before, const std::vector<Measure>& after);

}  // namespace steward::eval
