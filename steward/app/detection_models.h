#pragma once

#include <memory>
#include <string>

#include "steward/app/encoders.h"
#include "steward/classify/calibration.h"
#include "steward/filters/classifier/classifier.h"

namespace steward::app {

/// Which models, as a command line names them.
struct ModelChoice {
  std::string folder = "models/detection";  ///< of linear.bin, heads.bin, calibration.json
  std::string encoder;                      ///< a GGUF file; none: the linear tier alone; empty: the fetched e5-small if there are heads
  std::string calibration;                  ///< another file than the folder's; empty: that
};

/// The models of a choice as the guard runs them.
struct ChosenModels {
  std::unique_ptr<filters::Classifier> classifier;
  classify::Calibration calibration;

  /// The score from which the label counts on a text in the language, at the calibration's own budget.
  double threshold(std::size_t label, const std::string& language) const;
};

/// The encoder of heads that set-up fetched, if the folder has heads; empty: there are none.
std::string encoder_of(const std::string& folder);

/// Errors: of the files, in words.
Result<ChosenModels> open_chosen(const ModelChoice& choice, Encoders& encoders);

/// For each label the highest score that a text or one of its decoded readings has; NaN where there is none.
struct ReadScores {
  classify::LabelScores all;       ///< of all that was read
  classify::LabelScores counting;  ///< of readings that the linear tier alone does not clear: what the guard decides by
};
Result<ReadScores> scores_of(const filters::Classifier& classifier, const std::string& text, const std::string& language,
                             filters::Classifier::Depth depth);

}  // namespace steward::app
