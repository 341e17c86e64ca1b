#pragma once

#include <memory>
#include <string>
#include <vector>

#include "steward/classify/linear_model.h"
#include "steward/filters/models.h"
#include "steward/guard/filter.h"

namespace steward::filters {

/// What the tiers say of one text, before anything is made of it.
struct TextReading {
  classify::LabelScores scores;  ///< log-odds of all tiers that ran together; NaN for labels that the filter does not report here
  bool clear = true;             ///< no label counts, whatever its score: the linear tier alone says so, or the text has no words
};

/// The learned tiers as one filter (README.md): the linear model reads every text; where it is not sure that a text is clear, the encoder
/// does. Slow if there is an encoder.
class Classifier : public guard::Filter {
 public:
  enum class Depth {
    kAsRun,  ///< the encoder only where the linear tier is not sure, as the guard does
    kAll,    ///< all tiers, so that the scores of all texts can be compared
  };
  /// The labels that it reports.
  virtual const std::vector<std::size_t>& labels() const = 0;
  /// Of the text itself, without its decoded readings. Errors: the encoder's.
  virtual Result<TextReading> read(const text::Views& views, const guard::Scope& scope, Depth depth) const = 0;
  /// Names models and calibration in few characters.
  virtual std::string digest() const = 0;
};

/// Errors: kInvalidInput with the place in the policy.
Result<std::unique_ptr<Classifier>> open_classifier(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment,
                                                    const EncoderSource& encoders);
/// The same as a filter of the table.
Result<std::unique_ptr<guard::Filter>> make_classifier(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment);

}  // namespace steward::filters
