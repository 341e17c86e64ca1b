#include "steward/classify/dense_trainer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "steward/core/random.h"

namespace steward::classify {
namespace {

/// AdamW over one block of weights.
class Adam {
 public:
  explicit Adam(std::size_t count) : mean_(count), square_(count) {}
  void step(float* weights, const std::vector<float>& gradient, float rate, float decay, int t) {
    constexpr float kBeta1 = 0.9F, kBeta2 = 0.999F;
    const float correct1 = 1 - std::pow(kBeta1, static_cast<float>(t)), correct2 = 1 - std::pow(kBeta2, static_cast<float>(t));
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      mean_[i] = kBeta1 * mean_[i] + (1 - kBeta1) * gradient[i];
      square_[i] = kBeta2 * square_[i] + (1 - kBeta2) * gradient[i] * gradient[i];
      weights[i] -= rate * (mean_[i] / correct1 / (std::sqrt(square_[i] / correct2) + 1e-8F) + decay * weights[i]);
    }
  }

 private:
  std::vector<float> mean_, square_;
};

class Trainer {
 public:
  Trainer(std::span<const EmbeddedRow> rows, std::size_t inputs, const DenseOptions& options)
      : rows_(rows),
        options_(options),
        random_(options.seed),
        adam_w1_(inputs * options.hidden),
        adam_b1_(options.hidden),
        adam_w2_(options.hidden * kLabelCount),
        adam_b2_(kLabelCount) {
    weights_.inputs = inputs;
    weights_.hidden = options.hidden;
    standardise();
    begin();
  }

  DenseWeights run() {
    std::vector<std::size_t> order(rows_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto batches = static_cast<int>(rows_.size() / options_.batch + 1);
    const int steps = batches * options_.epochs;
    int t = 0;
    for (int epoch = 0; epoch < options_.epochs; ++epoch) {
      for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random_.below(i)]);
      for (std::size_t at = 0; at < order.size(); at += options_.batch) {
        const float rate = options_.learning_rate * std::max(0.01F, 1 - static_cast<float>(t) / static_cast<float>(steps));
        step(std::span(order).subspan(at, std::min(options_.batch, order.size() - at)), rate, ++t);
      }
    }
    fold_standardisation();
    return std::move(weights_);
  }

 private:
  std::span<const float> window(const EmbeddedRow& row, std::size_t index) const {
    return row.windows.subspan(index * weights_.inputs, weights_.inputs);
  }
  std::size_t windows_of(const EmbeddedRow& row) const { return row.windows.size() / weights_.inputs; }

  void standardise() {
    const std::size_t inputs = weights_.inputs;
    mean_.assign(inputs, 0);
    inverse_.assign(inputs, 0);
    std::vector<double> sum(inputs), square(inputs);
    for (const EmbeddedRow& row : rows_)
      for (std::size_t i = 0; i < inputs; ++i) {
        sum[i] += row.windows[i];
        square[i] += static_cast<double>(row.windows[i]) * row.windows[i];
      }
    const auto n = static_cast<double>(std::max<std::size_t>(rows_.size(), 1));
    for (std::size_t i = 0; i < inputs; ++i) {
      const double mean = sum[i] / n;
      mean_[i] = static_cast<float>(mean);
      inverse_[i] = static_cast<float>(1 / std::sqrt(std::max(square[i] / n - mean * mean, 1e-8)));
    }
  }

  void begin() {
    const auto draw = [&](float range) { return static_cast<float>(random_.uniform() * 2 - 1) * range; };
    weights_.w1.resize(weights_.inputs * weights_.hidden);
    weights_.w2.resize(weights_.hidden * kLabelCount);
    weights_.b1.assign(weights_.hidden, 0);
    for (float& w : weights_.w1) w = draw(std::sqrt(6.0F / static_cast<float>(weights_.inputs)));
    for (float& w : weights_.w2) w = draw(std::sqrt(3.0F / static_cast<float>(weights_.hidden)));
    for (std::size_t label = 0; label < kLabelCount; ++label) {
      std::size_t positives = 0, negatives = 0;
      for (const EmbeddedRow& row : rows_) {
        positives += row.targets.positive(label) ? 1 : 0;
        negatives += row.targets.negative(label) ? 1 : 0;
      }
      weights_.trained[label] = positives >= options_.evidence_min && negatives >= options_.evidence_min;
    }
    g_w1_.resize(weights_.w1.size());
    g_b1_.resize(weights_.hidden);
    g_w2_.resize(weights_.w2.size());
    g_b2_.resize(kLabelCount);
  }

  void read(std::span<const float> window) {
    input_.resize(weights_.inputs);
    for (std::size_t i = 0; i < weights_.inputs; ++i) input_[i] = (window[i] - mean_[i]) * inverse_[i];
  }

  /// Scores of input_; keeps the hidden layer.
  LabelScores forward() {
    hidden_ = weights_.b1;
    for (std::size_t i = 0; i < weights_.inputs; ++i) {
      const float* row = &weights_.w1[i * weights_.hidden];
      for (std::size_t h = 0; h < weights_.hidden; ++h) hidden_[h] += input_[i] * row[h];
    }
    for (float& h : hidden_) h = std::max(h, 0.0F);
    return output();
  }

  LabelScores output() const {
    LabelScores scores = weights_.b2;
    for (std::size_t h = 0; h < weights_.hidden; ++h) {
      if (hidden_[h] == 0) continue;
      const float* row = &weights_.w2[h * kLabelCount];
      for (std::size_t label = 0; label < kLabelCount; ++label) scores[label] += hidden_[h] * row[label];
    }
    return scores;
  }

  std::size_t choose_window(const EmbeddedRow& row) {
    const std::size_t count = windows_of(row);
    if (count == 1) return 0;
    float best = -std::numeric_limits<float>::infinity();
    std::size_t chosen = random_.below(count);
    for (std::size_t label = 0; label < kLabelCount; ++label) {
      if (!row.targets.positive(label) || !weights_.trained[label]) continue;
      for (std::size_t w = 0; w < count; ++w) {
        read(window(row, w));
        const float score = forward()[label];
        if (score > best) {
          best = score;
          chosen = w;
        }
      }
      break;  // the first positive label, which is the broadest, decides
    }
    return chosen;
  }

  void step(std::span<const std::size_t> batch, float rate, int t) {
    for (auto* gradient : {&g_w1_, &g_b1_, &g_w2_, &g_b2_}) std::fill(gradient->begin(), gradient->end(), 0.0F);
    for (const std::size_t i : batch) add_gradient(rows_[i], 1 / static_cast<float>(batch.size()));
    adam_w1_.step(weights_.w1.data(), g_w1_, rate, options_.decay, t);
    adam_b1_.step(weights_.b1.data(), g_b1_, rate, 0, t);
    adam_w2_.step(weights_.w2.data(), g_w2_, rate, options_.decay, t);
    adam_b2_.step(weights_.b2.data(), g_b2_, rate, 0, t);
  }

  void add_gradient(const EmbeddedRow& row, float scale) {
    read(window(row, choose_window(row)));
    forward();
    for (float& h : hidden_) h = random_.uniform() < options_.dropout ? 0 : h / (1 - options_.dropout);
    const LabelScores scores = output();
    LabelScores delta{};
    for (std::size_t label = 0; label < kLabelCount; ++label) {
      if (!row.targets.known(label) || !weights_.trained[label]) continue;
      delta[label] = (1 / (1 + std::exp(-scores[label])) - row.targets.value[label]) * row.weight * scale;
      g_b2_[label] += delta[label];
    }
    back_.assign(weights_.hidden, 0);
    for (std::size_t h = 0; h < weights_.hidden; ++h) {
      if (hidden_[h] == 0) continue;
      const float* w = &weights_.w2[h * kLabelCount];
      float* g = &g_w2_[h * kLabelCount];
      for (std::size_t label = 0; label < kLabelCount; ++label) {
        g[label] += hidden_[h] * delta[label];
        back_[h] += w[label] * delta[label];
      }
      back_[h] /= 1 - options_.dropout;
      g_b1_[h] += back_[h];
    }
    for (std::size_t i = 0; i < weights_.inputs; ++i) {
      float* g = &g_w1_[i * weights_.hidden];
      for (std::size_t h = 0; h < weights_.hidden; ++h) g[h] += input_[i] * back_[h];
    }
  }

  void fold_standardisation() {
    for (std::size_t i = 0; i < weights_.inputs; ++i)
      for (std::size_t h = 0; h < weights_.hidden; ++h) {
        float& w = weights_.w1[i * weights_.hidden + h];
        w *= inverse_[i];
        weights_.b1[h] -= w * mean_[i];
      }
  }

  const std::span<const EmbeddedRow> rows_;
  const DenseOptions options_;
  Random random_;
  DenseWeights weights_;
  Adam adam_w1_, adam_b1_, adam_w2_, adam_b2_;
  std::vector<float> mean_, inverse_, input_, hidden_, back_, g_w1_, g_b1_, g_w2_, g_b2_;
};

}  // namespace

DenseWeights train_dense(std::span<const EmbeddedRow> rows, std::size_t inputs, const DenseOptions& options) {
  return Trainer(rows, inputs, options).run();
}

}  // namespace steward::classify
