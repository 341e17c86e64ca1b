#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "steward/classify/linear_model.h"
#include "steward/core/result.h"

namespace steward::classify {

/// One hidden layer over an encoder's embedding: scores = W2 · relu(W1 · x + b1) + b2, log-odds. Row-major.
struct DenseWeights {
  std::size_t inputs = 0, hidden = 0;
  std::vector<float> w1;  ///< [inputs][hidden]
  std::vector<float> b1;  ///< [hidden]
  std::vector<float> w2;  ///< [hidden][kLabelCount]
  std::array<float, kLabelCount> b2{};
  std::array<bool, kLabelCount> trained{};
};

/// The heads of a trunk, one a label. Immutable, thread-safe.
class DenseHead {
 public:
  /// Errors: kNotFound; kInvalidInput if the file is none of this format, or was trained on embeddings of another trunk than
  /// `trunk_digest`.
  static Result<std::unique_ptr<const DenseHead>> open(const std::string& path, std::string_view trunk_digest);
  std::size_t inputs() const { return weights_.inputs; }
  bool has(std::size_t label) const { return weights_.trained[label]; }
  /// `embedding`: [inputs]. NaN for labels without a head.
  LabelScores score(std::span<const float> embedding) const;
  const std::string& digest() const { return digest_; }

 private:
  DenseHead(DenseWeights weights, std::string digest) : weights_(std::move(weights)), digest_(std::move(digest)) {}
  const DenseWeights weights_;
  const std::string digest_;
};

LabelScores score_dense(const DenseWeights& weights, std::span<const float> embedding);

/// `trunk_digest`: sha256 hex of the encoder's file. The same weights always give the same bytes.
Result<void> write_dense_head(const std::string& path, const DenseWeights& weights, std::string_view trunk_digest);

}  // namespace steward::classify
