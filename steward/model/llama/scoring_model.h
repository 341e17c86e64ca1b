#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "steward/core/result.h"
#include "steward/model/language_model.h"

namespace steward::model {

struct ScoringOptions {
  std::string base;     ///< GGUF file of a language model
  std::string adapter;  ///< LoRA that the head was trained with; empty: none
  std::string head;     ///< docs/formats/reward-head.md or class-heads.md
  int context_tokens = 2048;
  int threads = 0;  ///< 0 = cores minus one, at least one
};

/// A language model that gives numbers instead of words: linear heads over what its last norm gives at a text's last token. It has weights
/// and a context of its own. Thread-safe; texts are read one after another.
class ScoringModel {
 public:
  /// Errors: kNotFound; kInvalidInput if a file is not what it should be, or head and adapter were made for others than those given.
  static Result<std::unique_ptr<ScoringModel>> open(const ScoringOptions& options);
  ~ScoringModel();

  /// What the heads tell; empty for a reward head, which scores.
  const std::vector<std::string>& labels() const;

  /// Of a reward head: the score of the last message as the answer to those before it: the chat is rendered by the model's own template.
  /// What is too long for the context loses its oldest messages, but for the first if it is the system's. Blocks. Errors: kInvalidInput if
  /// the template refuses the messages, or the heads are others; kTooLarge if the last message alone does not fit.
  Result<double> score(const std::vector<ChatMessage>& messages) const;
  /// Tokens as they stand. Errors: kTooLarge; kInternal.
  Result<double> score(std::span<const Token> tokens) const;

  /// Of class heads: the log-odds of each label for a plain text. One that is longer than the context is read in windows, of which each
  /// label has the highest. Blocks. Errors: kInvalidInput for an empty text, or if the head is another; kTooLarge; kInternal.
  Result<std::vector<double>> classify(std::string_view text) const;

  /// SHA-256 of the head's file, which names base and adapter by theirs.
  const std::string& digest() const;

 private:
  struct Parts;
  explicit ScoringModel(std::unique_ptr<Parts> parts);
  /// What each head gives.
  Result<std::vector<double>> read(std::span<const Token> tokens) const;
  std::unique_ptr<Parts> parts_;
};

}  // namespace steward::model
