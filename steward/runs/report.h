#pragma once

#include <string>
#include <utility>
#include <vector>

#include "steward/core/result.h"
#include "steward/runs/run_log.h"

namespace steward::runs {

/// One plot: curves over steps.
struct Chart {
  std::string title;
  std::vector<std::string> names;  ///< of values in the log; those that no record has are left out
};

/// What the model said, beside what it was asked.
struct ReportSample {
  std::string prompt;
  std::vector<std::pair<std::string, std::string>> answers;  ///< who (such as "base", "tuned", "reference") and what
};

struct Report {
  std::string title;
  std::vector<std::pair<std::string, std::string>> facts;  ///< such as model, data digest, rows, best step
  std::string config;                                      ///< YAML
  std::vector<StepRecord> records;
  std::vector<Chart> charts;
  std::vector<ReportSample> samples;
};

/// The plots of every recipe: loss, learning rate, reward, KL, lengths, speed.
std::vector<Chart> standard_charts();

/// One HTML page without scripts or anything from elsewhere: plots are inline SVG, all text is escaped, colours follow the reader's light
/// or dark. Plots without values are left out.
std::string render_report(const Report& report);

}  // namespace steward::runs
