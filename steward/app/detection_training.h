#pragma once

#include <string>
#include <vector>

#include "steward/app/detection_data.h"
#include "steward/classify/calibration.h"
#include "steward/classify/dense_head.h"
#include "steward/classify/linear_model.h"

namespace steward::app {

struct TrainedModels {
  classify::LinearWeights linear;
  classify::DenseWeights heads;  ///< without weights if the data have no embeddings
};

/// Trains both tiers on the train splits of all groups but `left_out`.
TrainedModels train_models(const DetectionData& data, const std::vector<std::string>& left_out);

/// Log-odds of one example by each tier alone and by both.
struct ExampleScores {
  classify::LabelScores linear, encoder, combined;
};

/// Scores of all examples, as sets × rows.
using ScoreTable = std::vector<std::vector<ExampleScores>>;

ExampleScores score_example(const DetectionData& data, const TrainedModels& models, const classify::Place& place);

/// Scores of every example by models that were trained without its group, `folds` trainings in all: each leaves out every folds-th group.
/// This is what a stranger's texts get, and what calibration is fitted on.
ScoreTable left_out_scores(const DetectionData& data, int folds);

/// Platt maps, curves of benign texts and gates from scores by models that have not seen the rows' groups. Uses train splits alone, so
/// that dev rows can be reported.
classify::Calibration calibrate(const DetectionData& data, const ScoreTable& left_out);

}  // namespace steward::app
