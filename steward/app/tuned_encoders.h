#pragma once

#include <string>

#include "steward/app/detection_training.h"

namespace steward::app {

/// Where `steward-tune classifier` left what it made: FOLDER/all of all sets, FOLDER/fold-N of the training that left out the groups of
/// fold N; in each a trunk.gguf and a heads.bin.
struct TunedEncoders {
  std::string folder;
  std::string base;  ///< GGUF file that the trunks lie over
};

/// Gives each row the encoder's score by the trunk and the heads of its fold. `scores`: the other readings' over the same folds. They are
/// kept in FOLDER/fold-N/scores.bin and used again while texts and models are the same. Errors: of the files; the encoder's.
Result<void> add_tuned_scores(const TunedEncoders& tuned, const DetectionData& data, LeftOutScores& scores);

/// Copies trunk and heads of FOLDER/all to `models`.
Result<void> ship_tuned(const TunedEncoders& tuned, const std::string& models);

}  // namespace steward::app
