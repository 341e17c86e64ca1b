#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "steward/core/random.h"
#include "steward/model/language_model.h"
#include "steward/model/llama/constraint.h"

namespace steward::model {

/// Log-softmax over raw logits, summed in float64. `logits`: float32 [vocabulary].
class Logprobs {
 public:
  Logprobs(const float* logits, int vocabulary);
  double of(Token token) const { return static_cast<double>(logits_[token]) - log_sum_; }
  /// The `count` most likely tokens, best first; of equals the lower id.
  std::vector<Token> best(int count) const;

 private:
  const float* logits_;
  int vocabulary_;
  double log_sum_;
};

/// Picks the next token. Order: logit bias, presence and frequency penalties over what was generated, then argmax at
/// temperature 0, else temperature, top-k, top-p [Holtzman et al. 2020, arXiv:1904.09751], min-p [Nguyen et al. 2024, arXiv:2407.01082].
/// A constraint is asked only about the token that was picked; where it says no, the tokens that it forbids are taken out and another is
/// picked. Without truncation (top-k, top-p, min-p) that is the distribution of the constrained model; with it, what is left is truncated
/// anew.
class Sampler {
 public:
  explicit Sampler(const Sampling& sampling);
  /// None when the constraint allows no token. `constraint`: may be null.
  std::optional<Token> sample(const float* logits, int vocabulary, Constraint* constraint);

 private:
  Token pick(const std::vector<float>& adjusted);

  const Sampling sampling_;
  Random random_;
  std::unordered_map<Token, int> counts_;
};

}  // namespace steward::model
