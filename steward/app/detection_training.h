#pragma once

#include <map>
#include <string>
#include <vector>

#include "steward/app/detection_data.h"
#include "steward/classify/calibration.h"
#include "steward/classify/dense_head.h"
#include "steward/classify/linear_model.h"
#include "steward/filters/classifier/scorer.h"

namespace steward::app {

struct TrainedModels {
  classify::LinearWeights linear;
  classify::DenseWeights heads;  ///< without weights if the data have no embeddings
  filters::EvidenceWeights structure;
};

/// Trains both tiers on the train splits of all groups but `left_out`.
TrainedModels train_models(const DetectionData& data, const std::vector<std::string>& left_out);

/// Log-odds of one example by each reading alone, and of all together.
struct ExampleScores {
  filters::TextScores alone;
  classify::LabelScores combined;
};

/// Scores of all examples, as sets × rows.
using ScoreTable = std::vector<std::vector<ExampleScores>>;

/// What models that were trained without a set's group say, in trainings that each leave out some groups (classify::groups_left_out).
struct LeftOutScores {
  ScoreTable rows;                   ///< every example, by the models that had not seen its group; NaN where all had
  std::vector<std::size_t> fold_of;  ///< of each set; as many as there are folds where it is left out of none
  std::vector<std::map<classify::Place, ExampleScores>>
      held_out;  ///< by fold: dev rows of the benign sets, also of those that it trained on

  /// The score of a row by the models that had not seen the set that is measured: the row is of that set, or a held-out one that it
  /// borrows.
  const ExampleScores& of(const classify::Place& row, std::size_t measured_set) const;
};
/// By each reading alone.
LeftOutScores left_out_scores(const DetectionData& data, int folds);
/// Readings combined by a mix that was fitted to the other trainings' groups.
void combine_left_out(const DetectionData& data, LeftOutScores& scores);

/// Platt maps, curves of benign texts and gates from scores by models that have not seen the rows' groups (LeftOutScores::rows). Uses train
/// splits alone, so that dev rows can be reported.
classify::Calibration calibrate(const DetectionData& data, const ScoreTable& left_out);

}  // namespace steward::app
