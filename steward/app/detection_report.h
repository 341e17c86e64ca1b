#pragma once

#include <string>

#include "steward/app/detection_training.h"
#include "steward/filters/classifier/scorer.h"
#include "steward/guard/filter.h"

namespace steward::app {

struct ReportInput {
  const DetectionData& data;
  const LeftOutScores& left_out;  ///< by models that did not see a row's group
  const classify::Calibration& calibration;
  const filters::Scorer& shipped;
  const guard::Filter& filter;  ///< the shipped models as the guard runs them
};

/// The tables of docs/detection.md, in Markdown. Rows of train splits are only in those of groups left out; the shipped models are reported
/// on dev and test rows.
Result<std::string> detection_report(const ReportInput& input);

/// The card of the shipped models: what they are, what they were trained on and under which licences, how good they are, what they cannot
/// do.
std::string detection_card(const ReportInput& input);

}  // namespace steward::app
