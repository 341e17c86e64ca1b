#pragma once

#include <string>
#include <vector>

#include "steward/app/detection_models.h"
#include "steward/classify/dataset.h"
#include "steward/classify/paired.h"

namespace steward::app {

/// Two models on what one set measures: b against a.
struct SetComparison {
  std::string set, task, language;
  std::size_t label = 0;
  std::size_t rows = 0, positives = 0;
  classify::PairedResult precision;  ///< AUPRC
  classify::PairedResult recall;     ///< at 1 % false positives
};

struct BenignComparison {
  std::string set, task;
  std::size_t rows = 0;
  classify::PairedResult flagged;  ///< share flagged in any category
};

/// A row that one of them flags in a category and the other does not.
struct DifferentRow {
  std::string set, id;
  std::vector<std::string> a, b;  ///< categories that each flags
};

struct Comparison {
  std::vector<SetComparison> sets;
  std::vector<BenignComparison> benign;
  std::vector<DifferentRow> different;
  std::size_t rows = 0;  ///< that both judged
};

/// Both on the same rows: dev rows, and all but test rows of sets that nothing trains on. Scores are those of all tiers; what is flagged is
/// what the guard would flag, each at its own calibration's budget. Intervals are paired and draw source prompts. `rows_max`: of each set,
/// by the hash of their ids; 0: all. Errors: the encoders'.
Result<Comparison> compare_models(const ChosenModels& a, const ChosenModels& b, const std::vector<classify::DataSet>& sets,
                                  std::size_t rows_max);

}  // namespace steward::app
