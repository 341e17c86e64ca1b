#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "steward/app/detection_models.h"
#include "steward/app/traffic.h"
#include "steward/classify/dataset.h"
#include "steward/classify/metrics.h"

namespace steward::app {

struct TrafficOptions {
  double budget = 0;         ///< share of the texts that a category may flag; 0: the calibration's own
  double confidence = 0.95;  ///< with which budgets hold
  bool may_lower = false;    ///< may a score fall below the one that the models came with?
};

/// One label's threshold, as a probability, over all languages.
struct ThresholdChange {
  std::size_t label = 0;
  double before = 0, after = 0;
};

/// What new thresholds mean for one category of the policy.
struct CategoryChange {
  std::string category;
  std::size_t flagged_before = 0, flagged_after = 0;  ///< of the traffic
  std::vector<ThresholdChange> thresholds;
  std::size_t positives = 0, found_before = 0, found_after = 0;  ///< of the data sets' dev rows
};

struct TrafficCalibration {
  classify::Calibration calibration;  ///< for Calibration files
  double budget = 0;                  ///< the kept rate that holds: at most the one that was asked for
  double least_budget = 0;            ///< the least kept rate that so many texts can show; what is below stays as it was
  std::vector<CategoryChange> categories;
  std::size_t flagged_before = 0, flagged_after = 0;  ///< by any category
};

/// Raises the scores that texts need until each category flags no more of the texts than its budget, with confidence: of the texts' margins
/// over the category's thresholds, so many of the highest may stay above as hits_allowed() says, and all labels of the category move by the
/// same distance in log-odds of probability. Does so for every budget that the texts can show, over all of them and over those of each
/// language with enough. `texts`: assumed benign, and drawn alike.
/// Errors: kInvalidInput with the number of texts that the budget takes; the encoder's.
Result<TrafficCalibration> calibrate_on_traffic(const ChosenModels& models, const std::vector<TrafficText>& texts,
                                                const TrafficOptions& options);

/// Fills in what the new thresholds cost on dev rows that are known to be positive. Errors: the encoder's.
Result<void> add_recall(const ChosenModels& models, const std::vector<classify::DataSet>& sets, TrafficCalibration& out);

}  // namespace steward::app
