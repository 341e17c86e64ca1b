#pragma once

#include <map>
#include <span>
#include <string>

#include "steward/classify/dense_head.h"
#include "steward/tune/torch.h"

namespace steward::tune {

/// The heads of `classify` as tensors: one hidden layer over an encoder's means. float32.
class ClassifierHead {
 public:
  explicit ClassifierHead(const classify::DenseWeights& weights);
  classify::DenseWeights weights() const;

  /// embeddings: [B, inputs]. Returns log-odds, [B, kLabelCount]; those of labels that are not trained mean nothing.
  /// dropout: of the hidden layer; 0: none.
  Tensor scores(const Tensor& embeddings, double dropout) const;
  /// bool [kLabelCount]
  const Tensor& trained() const { return trained_; }
  std::map<std::string, Tensor> parameters() const;

 private:
  Tensor w1_, b1_, w2_, b2_;  // as DenseWeights has them: [inputs, hidden], [hidden], [hidden, labels], [labels]
  Tensor trained_;
};

/// Mean over rows of a row's weight times the sum over its known and trained labels of the logistic loss: unknown labels teach nothing.
/// scores, targets: [B, L], targets from 0 to 1, NaN where unknown; weights: [B]; trained: bool [L]. Returns a scalar; gradient flows to
/// `scores` only.
Tensor masked_logistic_loss(const Tensor& scores, const Tensor& targets, const Tensor& weights, const Tensor& trained);

/// weights · share + from · (1 - share), tensor by tensor: what fine-tuning forgets on texts unlike its own comes back, and most of what
/// it learned stays [Wortsman et al. 2022, arXiv:2109.01903, eq. 1]. Same names and shapes; writes `weights`.
void interpolate(const std::map<std::string, Tensor>& weights, const std::map<std::string, Tensor>& from, double share);

}  // namespace steward::tune
