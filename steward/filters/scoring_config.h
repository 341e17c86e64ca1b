#pragma once

#include <memory>

#include "steward/filters/calibration.h"
#include "steward/filters/models.h"
#include "steward/guard/filter.h"

/// What filters over a scoring model read of their configuration alike.
namespace steward::filters {

/// From this calibrated probability on there is a finding, and how grave it is.
struct ReportAt {
  double report = 0.5;
  int severity = 2;
  Calibration calibration;
};
/// `report`, `severity`, `calibration: {slope, intercept}`. Errors: kInvalidInput with the place, for numbers out of their range.
Result<ReportAt> read_report(const yaml::Node& config);

/// `base`, `adapter`, `head`, `context_tokens`, `threads`: files are looked for beside the policy, then among the fetched models. Opened by
/// `models`, or on its own where that is empty. Errors: kInvalidInput with the place and what to write instead; of ScoringModel::open().
Result<std::shared_ptr<const model::ScoringModel>> open_scoring(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment,
                                                                const ScoringSource& models);

/// The guard counts the CPU time of the thread that asks, and the model reads on it, too. Errors: kInvalidInput for a deadline that no
/// reading keeps.
Result<void> check_scoring_deadline(const policy::FilterSpec& spec);

}  // namespace steward::filters
