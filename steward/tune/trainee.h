#pragma once

#include <cstdint>
#include <string>

#include "steward/core/result.h"
#include "steward/runs/training_config.h"
#include "steward/tune/adamw.h"
#include "steward/tune/llama.h"

namespace steward::tune {

/// What a recipe trains: a frozen model with a LoRA, a whole model, or a head on a frozen model.
struct Trainee {
  Llama model;
  Lora lora;  ///< without pairs unless there is one
  AdamW optimizer;
  Keep keep = Keep::kLayerInputs;  ///< of a pass for learning
  Lora start = {};                 ///< frozen: the adapter that training began from; without pairs: the base alone

  bool whole() const { return model.head().requires_grad(); }
  /// For learning. Valid while the trainee stays in place.
  Pass pass() const { return {lora.pairs.empty() ? nullptr : &lora, keep}; }
  /// The model that training began from. Not there when the whole model is trained.
  Pass reference() const { return {start.pairs.empty() ? nullptr : &start, Keep::kAll}; }
};

/// Loads the base and prepares what is trained. heads: further parameters of the optimiser, such as a reward model's head, by name.
/// Errors: kInvalidInput, such as training all weights in bfloat16; those of load_llama() and make_lora().
Result<Trainee> open_trainee(const runs::ModelConfig& config, const runs::OptimizerConfig& optimizer, std::uint64_t seed,
                             const std::map<std::string, Tensor>& heads = {});

/// Goes on from an adapter's file instead of from the base. Errors: kNotFound; kInvalidInput if no adapter of the same rank, alpha and maps
/// is trained.
Result<void> begin_at(Trainee& trainee, const std::string& adapter);

/// One line for people: how many numbers are trained, of how many.
std::string describe(const Trainee& trainee);

}  // namespace steward::tune
