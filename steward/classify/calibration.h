#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "steward/classify/labels.h"
#include "steward/classify/metrics.h"
#include "steward/core/json.h"
#include "steward/core/result.h"

namespace steward::classify {

/// probability = 1 / (1 + exp(-(slope · score + intercept))) [Platt 1999].
struct Platt {
  double slope = 1, intercept = 0;
  double operator()(double score) const;
};
/// Least negative log-likelihood by Newton's method, with Platt's smoothed targets. `rows` need both classes.
Platt fit_platt(std::span<const Scored> rows);

/// How high the scores of benign texts go: for each false-positive rate the score that only so many are above.
class BenignCurve {
 public:
  /// The rates that are kept, highest first.
  static constexpr std::array<double, 10> kRates = {0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001};

  BenignCurve() = default;
  explicit BenignCurve(const std::vector<double>& scores);
  /// The score from which at most `budget` of the benign texts lie; a budget below what so few texts can show gives the highest
  /// score that was seen. Between kept rates it is the one of the lower rate: never more false positives than asked for.
  double score_at(double budget) const;
  std::size_t texts() const { return texts_; }
  /// One with other scores, by rate and score; a lower rate never gets a lower score than a higher one. `texts`: that it says something of.
  BenignCurve mapped(std::size_t texts, const std::function<double(double rate, double score)>& change) const;

  json::Object to_json() const;
  static Result<BenignCurve> from_json(const json::Object& object);

 private:
  std::size_t texts_ = 0;
  std::array<double, kRates.size()> scores_{};
};

/// How much each reading of a text counts in the sum of their log-odds.
struct Mix {
  double linear = 1, encoder = 1;
  double structure = 1;  ///< evidence of an attack by rules, for labels of attacks
};
struct MixRow {
  double linear, encoder, structure;
  bool positive;
  double weight;
};
/// Logistic regression with weights from 0 on; then scaled so that those of both tiers add up to 2.
Mix fit_mix(std::span<const MixRow> rows);

/// One label's calibration.
struct LabelCalibration {
  Mix mix;
  Platt platt;
  double gate = 0;   ///< score without the encoder below which a text is clear
  double error = 0;  ///< expected calibration error on the rows it was fitted on, held out from training
  std::size_t positives = 0, negatives = 0;
  std::vector<std::string> languages;  ///< with enough rows of both kinds; empty: those of the whole calibration
  std::map<std::string, BenignCurve>
      benign;  ///< of texts that it is asked of, by language; "*": all languages together; kReplies: of replies
};

/// The texts of an operator that thresholds were fitted to (`steward classify calibrate`).
struct TrafficRecord {
  std::size_t texts = 0;
  double confidence = 0;  ///< with which the budgets hold on such texts
};

/// What turns scores into probabilities and budgets into thresholds.
struct Calibration {
  std::string scores_of;  ///< digests of the models whose scores it is for
  std::map<std::string, LabelCalibration> labels;
  std::vector<std::string> languages;  ///< that the models were measured in
  double budget = 0;                   ///< of one label, so that all together stay within 1 % on benign texts
  std::optional<TrafficRecord> traffic;

  /// Names the curve of replies, which are read piece by piece.
  static constexpr char kReplies[] = "reply";
  /// The curve of a language, or that of all if the language has too few benign texts of its own.
  static const BenignCurve& curve(const LabelCalibration& label, const std::string& language);
  /// That of replies in any language, or that of all prompts if there is none.
  static const BenignCurve& reply_curve(const LabelCalibration& label);
};

/// SHA-256 of what is written, in hex.
std::string digest_of(const Calibration& calibration);
Result<void> write_calibration(const std::string& path, const Calibration& calibration);
/// Errors: kNotFound; kInvalidInput that names the file and the key.
Result<Calibration> read_calibration(const std::string& path);

}  // namespace steward::classify
