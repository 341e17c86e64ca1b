#include "steward/tune/classifier_head.h"

#include "steward/core/check.h"

namespace steward::tune {
namespace {

Tensor tensor_of(std::span<const float> values, at::IntArrayRef shape) {
  return at::tensor(at::ArrayRef<float>(values.data(), values.size()), at::kFloat).view(shape).requires_grad_();
}

std::vector<float> floats_of(const Tensor& tensor) {
  const Tensor whole = tensor.detach().contiguous();
  return {whole.const_data_ptr<float>(), whole.const_data_ptr<float>() + whole.numel()};
}

}  // namespace

ClassifierHead::ClassifierHead(const classify::DenseWeights& weights) {
  const auto inputs = static_cast<std::int64_t>(weights.inputs), hidden = static_cast<std::int64_t>(weights.hidden);
  constexpr auto kLabels = static_cast<std::int64_t>(classify::kLabelCount);
  w1_ = tensor_of(weights.w1, {inputs, hidden});
  b1_ = tensor_of(weights.b1, {hidden});
  w2_ = tensor_of(weights.w2, {hidden, kLabels});
  b2_ = tensor_of(weights.b2, {kLabels});
  trained_ = at::zeros({kLabels}, at::kBool);
  for (std::int64_t i = 0; i < kLabels; ++i) trained_[i] = weights.trained[static_cast<std::size_t>(i)];
}

classify::DenseWeights ClassifierHead::weights() const {
  classify::DenseWeights out;
  out.inputs = static_cast<std::size_t>(w1_.size(0));
  out.hidden = static_cast<std::size_t>(w1_.size(1));
  out.w1 = floats_of(w1_);
  out.b1 = floats_of(b1_);
  out.w2 = floats_of(w2_);
  const std::vector<float> b2 = floats_of(b2_);
  for (std::size_t i = 0; i < classify::kLabelCount; ++i) {
    out.b2[i] = b2[i];
    out.trained[i] = trained_[static_cast<std::int64_t>(i)].item<bool>();
  }
  return out;
}

Tensor ClassifierHead::scores(const Tensor& embeddings, double dropout) const {
  const Tensor hidden = at::relu(at::addmm(b1_, embeddings, w1_));
  return at::addmm(b2_, dropout > 0 ? at::dropout(hidden, dropout, true) : hidden, w2_);
}

std::map<std::string, Tensor> ClassifierHead::parameters() const {
  return {{"head.w1", w1_}, {"head.b1", b1_}, {"head.w2", w2_}, {"head.b2", b2_}};
}

Tensor masked_logistic_loss(const Tensor& scores, const Tensor& targets, const Tensor& weights, const Tensor& trained) {
  const Tensor known = targets.isnan().logical_not().logical_and(trained).to(scores.scalar_type());
  const Tensor wanted = targets.nan_to_num(0);
  const Tensor losses = at::binary_cross_entropy_with_logits(scores, wanted, {}, {}, at::Reduction::None);
  return (losses * known * weights.unsqueeze(1)).sum() / scores.size(0);
}

void interpolate(const std::map<std::string, Tensor>& weights, const std::map<std::string, Tensor>& from, double share) {
  const at::NoGradGuard by_hand;
  STEWARD_CHECK(weights.size() == from.size());
  for (const auto& [name, tensor] : weights) tensor.mul_(share).add_(from.at(name), 1 - share);
}

}  // namespace steward::tune
