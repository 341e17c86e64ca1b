#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "steward/classify/calibration.h"
#include "steward/classify/dense_head.h"
#include "steward/classify/linear_model.h"
#include "steward/core/result.h"
#include "steward/filters/classifier/reading.h"
#include "steward/filters/injection/scorer.h"
#include "steward/model/encoder/encoder.h"

namespace steward::filters {

struct TextScores {
  classify::LabelScores linear;   ///< log-odds of the linear tier
  classify::LabelScores encoder;  ///< of the encoder; NaN where it did not run or has no head
  double structure = 0;           ///< evidence of an attack by rules, in log-odds from 0 on
  bool encoded = false;
  std::array<text::Span, classify::kLabelCount> where{};  ///< the part of the text that says so most, per label; all of it if it is short
};

/// The learned tiers over one text. Immutable, thread-safe.
class Scorer {
 public:
  /// `encoder` and `heads` are both there or both null.
  Scorer(std::unique_ptr<const classify::LinearModel> linear, std::unique_ptr<const classify::DenseHead> heads,
         std::shared_ptr<const model::Encoder> encoder, std::optional<EvidenceWeights> structure);

  bool has(std::size_t label) const;
  bool has_encoder() const { return encoder_ != nullptr; }
  /// `repaired`: in the repaired view. Long texts are read in parts of 4 KiB that overlap; the highest score of each label counts.
  TextScores score_linear(std::string_view repaired) const;
  /// Adds what rules find (filters/injection), if the models weigh it. `voice`: whose words the text is.
  void add_structure(const text::Views& views, Voice voice, TextScores& scores) const;
  /// Adds the encoder's tier to what score_linear() gave. Errors: the encoder's.
  Result<void> add_encoder(std::string_view repaired, TextScores& scores) const;
  const classify::LinearModel& linear() const { return *linear_; }
  /// Digests of all files, short.
  std::string digest() const;

 private:
  const std::unique_ptr<const classify::LinearModel> linear_;
  const std::unique_ptr<const classify::DenseHead> heads_;
  const std::shared_ptr<const model::Encoder> encoder_;  // shared with others who read with the same trunk
  const std::optional<EvidenceWeights> structure_;
};

/// `folder`/structure.json; nothing if there is no such file. Errors: kInvalidInput.
Result<std::optional<EvidenceWeights>> open_structure(const std::string& folder);

/// The texts that the linear tier reads one by one of a long one.
std::vector<text::Span> linear_parts(std::string_view repaired);
/// True for languages that the linear tier knows beside those of its own training sets: English. In others its words are unknown to it, so
/// that it never answers alone, and counts less.
bool linear_knows(std::string_view language);
/// True for labels of attacks, for which evidence by rules counts.
bool weighs_structure(std::size_t label);
/// The evidence of the stronger voice, in log-odds.
double structure_of(const std::vector<Evidence>& evidence, const EvidenceWeights& weights);
/// Log-odds of the readings of one text add up, by `mix`; a reading that does not know the label (NaN) adds nothing. NaN if none does.
/// `language`: BCP 47, or und.
float combine(const classify::Mix& mix, std::size_t label, const TextScores& scores, std::string_view language);
/// The same without the encoder's: what decides whether it is asked.
float combine_early(const classify::Mix& mix, std::size_t label, const TextScores& scores);

}  // namespace steward::filters
