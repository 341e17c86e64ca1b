#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "steward/core/result.h"
#include "steward/model/language_model.h"

namespace steward::model {

struct RolloutOptions {
  std::string base;    ///< GGUF file
  int at_once = 16;    ///< sequences decoded side by side, of all threads
  int context = 1024;  ///< tokens of one sequence, its prompt included
  int threads = 0;     ///< 0: one for each core; each has a batch of its own and a stretch of the prompts
  /// Of several processes that sample together, each has the threads process, process + processes, … of all, and answers their prompts
  /// as one process would. A prompt of another's has no tokens in its answer, and no log-probabilities.
  int process = 0, processes = 1;
};

struct RolloutPrompt {
  std::vector<Token> tokens;  ///< at least one
  std::uint64_t draw = 0;     ///< names its random numbers: prompts with one draw number share theirs
};

struct RolloutSampling {
  double temperature = 1;  ///< 0: the likeliest token
  double top_p = 1;
  int tokens_max = 128;  ///< of an answer, at least 1
  std::uint64_t seed = 1;
};

struct Rollout {
  std::vector<Token> tokens;  ///< of the answer; its last one ends the reply if `ended`
  bool ended = false;         ///< by itself; else at tokens_max
};

/// Answers to many prompts, for training: sequences are decoded side by side, and the next prompt takes the place of one that ended.
/// The same base, adapter, prompts, sampling and options give the same tokens, whatever was asked before: nothing is kept between calls,
/// and who shares a batch depends on the order of prompts and on lengths alone. Neighbours in a batch move logits: the last bits of a sum,
/// and through kernels that round activations to 8 bits up to half a nat, so that other neighbours may give another answer. A prompt reads
/// what it has in common with one before it from that one's cache: put the draws of one prompt next to each other. One thread at a time.
class Rollouts {
 public:
  /// Errors: kNotFound; kInvalidInput if the file is no whole model that llama.cpp reads; kUnavailable without memory for the context.
  static Result<Rollouts> open(const RolloutOptions& options);
  Rollouts(Rollouts&&) noexcept;
  ~Rollouts();

  /// Reads the file anew, each time. path: GGUF file of a LoRA; empty: the base alone, as it is after open(). Errors: kNotFound;
  /// kInvalidInput if it is no adapter of this base. After an error the base alone answers.
  Result<void> use_adapter(const std::string& path);

  /// An answer to each prompt, in order. Errors: kInvalidInput for a prompt without tokens, with tokens that the model has not, or one
  /// that leaves no room for tokens_max; or if logits are no finite numbers.
  Result<std::vector<Rollout>> sample(std::span<const RolloutPrompt> prompts, const RolloutSampling& sampling);

  /// Log-probabilities in nats of each candidate right after each prompt: [prompts][candidates]. Errors: as sample().
  Result<std::vector<std::vector<float>>> next_logprobs(std::span<const std::vector<Token>> prompts, std::span<const Token> candidates);

 private:
  struct Parts;
  explicit Rollouts(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace steward::model
