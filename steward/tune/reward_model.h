#pragma once

#include <string>

#include "steward/core/result.h"
#include "steward/tune/lora.h"
#include "steward/tune/reward_head.h"
#include "steward/tune/token_batch.h"

namespace steward::tune {

/// A reward model as the recipe `reward` leaves it: a head, and an adapter of the base that it reads unless the head was trained alone.
struct RewardModel {
  Lora lora;  ///< without pairs: the base alone
  RewardHead head;
  std::string digest;  ///< SHA-256 in hex over both files

  Pass pass() const { return {lora.pairs.empty() ? nullptr : &lora, Keep::kAll}; }
  /// Scores [S] at the last token of each sample. llama: its base. pass: its own, also one that shares a trunk (Llama::sharing()).
  Tensor score(const Llama& llama, const TokenBatch& batch, const Pass& pass) const;
  Tensor score(const Llama& llama, const TokenBatch& batch) const { return score(llama, batch, pass()); }
};

/// folder: of the run, with head.gguf and adapter.gguf. base_sha256: of the base that it will score on, in hex.
/// Errors: kNotFound; kInvalidInput if the head belongs to another base or another adapter, or either does not fit.
Result<RewardModel> load_reward_model(const std::string& folder, const LlamaShape& shape, const std::string& base_sha256);

/// A LoRA from a GGUF file, frozen. Errors: kNotFound; kInvalidInput if it is none, or does not fit the shape.
Result<Lora> load_adapter(const std::string& path, const LlamaShape& shape);

}  // namespace steward::tune
