#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "steward/classify/dense_head.h"
#include "steward/classify/linear_model.h"
#include "steward/core/result.h"
#include "steward/filters/classifier/reading.h"
#include "steward/model/encoder/encoder.h"

namespace steward::filters {

struct TextScores {
  classify::LabelScores linear;    ///< log-odds of the linear tier
  classify::LabelScores combined;  ///< both tiers' together: log-odds add up; the linear tier's where the encoder did not run
  bool encoded = false;
  std::array<text::Span, classify::kLabelCount> where{};  ///< the part of the text that says so most, per label; all of it if it is short
};

/// The learned tiers over one text. Immutable, thread-safe.
class Scorer {
 public:
  /// `encoder` and `heads` are both there or both null.
  Scorer(std::unique_ptr<const classify::LinearModel> linear, std::unique_ptr<const classify::DenseHead> heads,
         std::shared_ptr<const model::Encoder> encoder);

  bool has(std::size_t label) const;
  bool has_encoder() const { return encoder_ != nullptr; }
  /// `repaired`: in the repaired view. Long texts are read in parts of 4 KiB that overlap; the highest score of each label counts.
  TextScores score_linear(std::string_view repaired) const;
  /// Adds the encoder's tier to what score_linear() gave. Errors: the encoder's.
  Result<void> add_encoder(std::string_view repaired, std::string_view language, TextScores& scores) const;
  const classify::LinearModel& linear() const { return *linear_; }
  /// Digests of all files, short.
  std::string digest() const;

 private:
  const std::unique_ptr<const classify::LinearModel> linear_;
  const std::unique_ptr<const classify::DenseHead> heads_;
  const std::shared_ptr<const model::Encoder> encoder_;  // shared with others who read with the same trunk
};

/// The texts that the linear tier reads one by one of a long one.
std::vector<text::Span> linear_parts(std::string_view repaired);
/// True for languages that the linear tier knows beside those of its own training sets: English. In others its words are unknown to it, so
/// that it never answers alone, and counts less.
bool linear_knows(std::string_view language);
/// Log-odds of two readings of one text add up; a label that one tier does not know is the other's. `language`: BCP 47, or und.
float combine(float linear, float encoder, std::string_view language);

}  // namespace steward::filters
