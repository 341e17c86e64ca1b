#pragma once

#include <map>
#include <string>

#include "steward/core/result.h"
#include "steward/tune/model_card.h"
#include "steward/tune/torch.h"

namespace steward::tune {

/// A linear map from what a model's last norm gives at the last token to a number: the score of a reward model.
struct RewardHead {
  Tensor weight;  ///< [1, width], float32
  Tensor bias;    ///< [1]

  /// hidden: [S, width]. Returns scores [S].
  Tensor score(const Tensor& hidden) const { return hidden.mv(weight.squeeze(0)) + bias; }
  std::map<std::string, Tensor> named() const { return {{"head.bias", bias}, {"head.weight", weight}}; }
};

/// Scores everything 0, and asks for gradients.
RewardHead make_reward_head(std::int64_t width);

/// Writes the head as a small GGUF file beside the adapter that it was trained with (docs/formats/reward-head.md).
/// adapter_sha256: of the adapter's file, in hex. Errors: as export_adapter().
Result<void> export_head(const std::string& path, const RewardHead& head, const std::string& adapter_sha256, const ModelCard& card);
/// Errors: kNotFound; kInvalidInput if it is no such file, or of another width.
Result<RewardHead> load_head(const std::string& path, std::int64_t width);

}  // namespace steward::tune
