#include "steward/filters/classifier/scorer.h"

#include <algorithm>
#include <cmath>

#include "steward/core/check.h"
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

float combine(float linear, float encoder, std::string_view language) {
  if (std::isnan(linear)) return encoder;
  if (std::isnan(encoder)) return linear;
  return (linear_knows(language) ? 1 : kForeignWeight) * linear + encoder;
}

Scorer::Scorer(std::unique_ptr<const classify::LinearModel> linear, std::unique_ptr<const classify::DenseHead> heads,
               std::shared_ptr<const model::Encoder> encoder)
    : linear_(std::move(linear)), heads_(std::move(heads)), encoder_(std::move(encoder)) {
  STEWARD_CHECK(linear_ != nullptr && (heads_ == nullptr) == (encoder_ == nullptr));
  STEWARD_CHECK(heads_ == nullptr || heads_->inputs() == encoder_->width());
}

bool Scorer::has(std::size_t label) const { return linear_->has(label) || (heads_ && heads_->has(label)); }

std::string Scorer::digest() const {
  std::string digest = linear_->digest().substr(0, 12);
  if (heads_) digest += "+" + heads_->digest().substr(0, 12) + "+" + encoder_->digest().substr(0, 12);
  return digest;
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
  out.combined = out.linear;
  return out;
}

Result<void> Scorer::add_encoder(std::string_view repaired, std::string_view language, TextScores& scores) const {
  STEWARD_CHECK(encoder_ != nullptr);
  const auto texts = TRY(encoder_->encode({&repaired, 1}));
  const std::vector<model::EncodedWindow>& windows = texts.front();
  classify::LabelScores best;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const classify::LabelScores of_window = heads_->score(windows[i].embedding);
    for (std::size_t label = 0; label < classify::kLabelCount; ++label) {
      if (i > 0 && !(of_window[label] > best[label])) continue;
      best[label] = of_window[label];
      if (!std::isnan(best[label])) scores.where[label] = windows[i].span;
    }
  }
  for (std::size_t label = 0; label < classify::kLabelCount; ++label)
    scores.combined[label] = combine(scores.linear[label], best[label], language);
  scores.encoded = true;
  return {};
}

}  // namespace steward::filters
