#include "steward/filters/classifier/scorer.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "steward/core/check.h"
#include "steward/core/hash.h"
#include "steward/filters/injection/evidence_trainer.h"
#include "steward/text/view.h"

namespace steward::filters {
namespace {

constexpr std::size_t kPartBytes = 4096, kPartStride = 3072;
/// Of the linear tier's log-odds in languages that it does not know: on sets of such languages that were left out, the encoder alone did
/// better than the plain sum.
constexpr float kForeignWeight = 0.3F;

}  // namespace

std::vector<text::Span> linear_parts(std::string_view repaired) {
  std::vector<text::Span> parts;
  for (std::size_t at = 0;; at = text::char_floor(repaired, at + kPartStride)) {
    const std::size_t end = text::char_floor(repaired, at + kPartBytes);
    parts.push_back({at, end});
    if (end == repaired.size()) return parts;
  }
}

bool linear_knows(std::string_view language) { return language == "und" || language.substr(0, language.find_first_of("-/")) == "en"; }

bool weighs_structure(std::size_t label) {
  const std::string_view name = classify::kLabels[label];
  return name == "attack" || name == "jailbreak" || name == "injection" || name == "prompt_leak";
}

double structure_of(const std::vector<Evidence>& evidence, const EvidenceWeights& weights) {
  if (evidence.empty()) return 0;
  const Scores scores = score_of(evidence, 0, weights);
  return std::max(scores.of(Voice::kUser).evidence, scores.of(Voice::kData).evidence);
}

float combine_early(const classify::Mix& mix, std::size_t label, const TextScores& scores) {
  const double structure = weighs_structure(label) ? mix.structure * scores.structure : 0;
  return static_cast<float>(mix.linear * scores.linear[label] + structure);
}

float combine(const classify::Mix& mix, std::size_t label, const TextScores& scores, std::string_view language) {
  const float linear = scores.linear[label], encoder = scores.encoder[label];
  if (std::isnan(linear) && std::isnan(encoder)) return linear;
  double sum = weighs_structure(label) ? mix.structure * scores.structure : 0;
  if (!std::isnan(linear)) sum += (linear_knows(language) ? 1 : kForeignWeight) * mix.linear * linear;
  if (!std::isnan(encoder)) sum += mix.encoder * encoder;
  return static_cast<float>(sum);
}

Scorer::Scorer(std::unique_ptr<const classify::LinearModel> linear, std::unique_ptr<const classify::DenseHead> heads,
               std::shared_ptr<const model::Encoder> encoder, std::optional<EvidenceWeights> structure)
    : linear_(std::move(linear)), heads_(std::move(heads)), encoder_(std::move(encoder)), structure_(std::move(structure)) {
  STEWARD_CHECK(linear_ != nullptr && (heads_ == nullptr) == (encoder_ == nullptr));
  STEWARD_CHECK(heads_ == nullptr || heads_->inputs() == encoder_->width());
}

bool Scorer::has(std::size_t label) const { return linear_->has(label) || (heads_ && heads_->has(label)); }

std::string Scorer::digest() const {
  std::string digest = linear_->digest().substr(0, 12);
  if (structure_)
    for (const auto& weights : structure_->of) digest += "+" + hex(sha256(fmt::format("{}", fmt::join(weights, ",")))).substr(0, 8);
  if (heads_) digest += "+" + heads_->digest().substr(0, 12) + "+" + encoder_->digest().substr(0, 12);
  return digest;
}

Result<std::optional<EvidenceWeights>> open_structure(const std::string& folder) {
  auto weights = read_evidence_weights(folder + "/structure.json");
  if (!weights && weights.error().code == ErrorCode::kNotFound) return std::optional<EvidenceWeights>();
  return std::optional<EvidenceWeights>(TRY(std::move(weights)));
}

TextScores Scorer::score_linear(std::string_view repaired) const {
  TextScores out;
  const std::vector<text::Span> parts = linear_parts(repaired);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const classify::LabelScores scores = linear_->score(repaired.substr(parts[i].begin, parts[i].size()));
    for (std::size_t label = 0; label < classify::kLabelCount; ++label) {
      if (i > 0 && !(scores[label] > out.linear[label])) continue;
      out.linear[label] = scores[label];
      out.where[label] = parts[i];
    }
  }
  out.encoder.fill(std::numeric_limits<float>::quiet_NaN());
  return out;
}

void Scorer::add_structure(const text::Views& views, Voice voice, TextScores& scores) const {
  if (!structure_) return;
  static const EvidenceReader reader;  // tens of milliseconds to build, the same for all
  scores.structure = structure_of(reader.read(views, voice), *structure_);
}

Result<void> Scorer::add_encoder(std::string_view repaired, TextScores& scores) const {
  STEWARD_CHECK(encoder_ != nullptr);
  const auto texts = TRY(encoder_->encode({&repaired, 1}));
  const std::vector<model::EncodedWindow>& windows = texts.front();
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const classify::LabelScores of_window = heads_->score(windows[i].embedding);
    for (std::size_t label = 0; label < classify::kLabelCount; ++label) {
      if (i > 0 && !(of_window[label] > scores.encoder[label])) continue;
      scores.encoder[label] = of_window[label];
      if (!std::isnan(of_window[label])) scores.where[label] = windows[i].span;
    }
  }
  scores.encoded = true;
  return {};
}

}  // namespace steward::filters
