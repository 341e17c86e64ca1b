#include "steward/classify/linear_trainer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "steward/core/random.h"

namespace steward::classify {
namespace {

constexpr float kEpsilon = 1e-6F;

std::array<bool, kLabelCount> labels_with_evidence(std::span<const TrainingRow> rows, std::size_t least) {
  std::array<std::size_t, kLabelCount> positives{}, negatives{};
  for (const TrainingRow& row : rows)
    for (std::size_t label = 0; label < kLabelCount; ++label) {
      positives[label] += row.targets.positive(label) ? 1 : 0;
      negatives[label] += row.targets.negative(label) ? 1 : 0;
    }
  std::array<bool, kLabelCount> out{};
  for (std::size_t label = 0; label < kLabelCount; ++label) out[label] = positives[label] >= least && negatives[label] >= least;
  return out;
}

class Trainer {
 public:
  Trainer(std::span<const TrainingRow> rows, const LinearOptions& options) : rows_(rows), options_(options) {
    weights_.table.assign(kFeatureRows * kLabelCount, 0);
    weights_.trained = labels_with_evidence(rows, options.evidence_min);
    squares_.assign(kFeatureRows * kLabelCount, kEpsilon);
    bias_squares_.fill(kEpsilon);
  }

  LinearWeights run() {
    std::vector<std::size_t> order(rows_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    Random random(options_.seed);
    for (int epoch = 0; epoch < options_.epochs; ++epoch) {
      for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
      for (const std::size_t i : order) step(rows_[i]);
    }
    return std::move(weights_);
  }

 private:
  void step(const TrainingRow& row) {
    if (row.rows.empty()) return;
    const float value = 1 / std::sqrt(static_cast<float>(row.rows.size()));
    LabelScores scores{};
    for (const std::uint32_t feature : row.rows) {
      const float* w = &weights_.table[std::size_t{feature} * kLabelCount];
      for (std::size_t label = 0; label < kLabelCount; ++label) scores[label] += w[label];
    }
    LabelScores gradient{};
    for (std::size_t label = 0; label < kLabelCount; ++label) {
      if (!row.targets.known(label) || !weights_.trained[label]) continue;
      const float probability = 1 / (1 + std::exp(-(weights_.bias[label] + scores[label] * value)));
      gradient[label] = (probability - row.targets.value[label]) * row.weight;
      bias_squares_[label] += gradient[label] * gradient[label];
      weights_.bias[label] -= options_.learning_rate * gradient[label] / std::sqrt(bias_squares_[label]) * 0.1F;
    }
    for (const std::uint32_t feature : row.rows) update(std::size_t{feature} * kLabelCount, gradient, value);
  }

  void update(std::size_t at, const LabelScores& gradient, float value) {
    float* w = &weights_.table[at];
    float* s = &squares_[at];
    for (std::size_t label = 0; label < kLabelCount; ++label) {
      const float g = gradient[label] * value + options_.decay * w[label];
      s[label] += g * g;
      w[label] -= options_.learning_rate * g / std::sqrt(s[label]);
    }
  }

  const std::span<const TrainingRow> rows_;
  const LinearOptions options_;
  LinearWeights weights_;
  std::vector<float> squares_;
  LabelScores bias_squares_{};
};

}  // namespace

std::vector<std::uint32_t> feature_rows(std::string_view repaired_text) {
  static thread_local FeatureReader reader;
  std::vector<std::uint32_t> rows;
  for (const Feature& feature : reader.read(repaired_text)) rows.push_back(feature.row);
  return rows;
}

LinearWeights train_linear(std::span<const TrainingRow> rows, const LinearOptions& options) { return Trainer(rows, options).run(); }

}  // namespace steward::classify
