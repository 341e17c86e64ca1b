#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <vector>

#include "steward/classify/dataset.h"
#include "steward/classify/metrics.h"

namespace steward::classify {

/// "en" of "en", "en/de" and "en-GB".
std::string primary_language(const std::string& language);

/// Where an example stands: sets[set].examples[row].
struct Place {
  std::size_t set = 0;
  std::size_t row = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

/// What one data set is measured by.
struct Measurement {
  std::string set, group, task, language;
  std::size_t set_number = 0;
  std::size_t label = 0;
  std::vector<Place> rows;  ///< positives and negatives
  std::vector<bool> positive;
  bool borrows_negatives =
      false;  ///< the set has positives alone: the negatives are held-out rows of benign sets, data for data and prompts for prompts
};

/// One measurement for each set with a task and a label, and each language in it with at least 25 positives and 25 negatives. Only rows
/// that nothing trains on when the set is left out: all of the set's own, and the dev rows of the benign sets it borrows from. Test rows
/// are left for the last report.
std::vector<Measurement> measurements(const std::vector<DataSet>& sets);

/// Groups that one of `folds` trainings leaves out: every folds-th one from `fold` on, in the order of sets.yaml. Sets that a script made
/// are no stranger's: every training has them.
std::vector<std::string> groups_left_out(const std::vector<DataSet>& sets, int fold, int folds);

/// Rows of train splits, of sets that train, outside `left_out` (a group; empty: none).
std::vector<Place> training_places(const std::vector<DataSet>& sets, const std::string& left_out);

/// A weight for each place so that a set counts by the square root of its rows; their mean is 1.
std::vector<float> set_weights(const std::vector<Place>& places);

/// Groups that some measurement belongs to, in the order of sets.yaml.
std::vector<std::string> measured_groups(const std::vector<DataSet>& sets);

}  // namespace steward::classify
