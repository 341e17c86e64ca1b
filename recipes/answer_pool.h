#pragma once

#include <optional>
#include <string>
#include <vector>

#include "recipes/rewards.h"

namespace steward::recipes {

/// Answers with their rewards, as rows to train on (docs/formats/training-rows.md) that also hold `reward`, its parts and `safety`.
class AnswerPool {
 public:
  /// tokenizer: outlives it.
  explicit AnswerPool(const model::ChatTokenizer& tokenizer) : tokenizer_(tokenizer) {}

  /// An answer that ended. One that is no text (UTF-8) is left out. Errors: kInvalidInput for a prompt with calls of functions.
  Result<void> add(const data::PromptSample& prompt, const Answer& answer, const Scores& scores, std::size_t index);
  /// All rows of an earlier pool, scored anew: rewards of other models are of another scale. Errors: of reading; kInvalidInput.
  Result<void> add_file(const std::string& path, const data::SampleOptions& options, Rewards& rewards);

  std::size_t size() const { return entries_.size(); }
  std::string rows() const;       ///< JSONL, in the order they came
  std::string best_rows() const;  ///< of each prompt the one with the highest reward; of equals the first
 private:
  struct Entry {
    std::string prompt;  ///< canonical JSON
    json::Object row;
    double reward = 0;
  };
  const model::ChatTokenizer& tokenizer_;
  std::vector<Entry> entries_;
};

/// Which of `count` answers from `begin` on has the highest reward, of those that ended and say something; none if none did.
std::optional<std::size_t> best_of(const std::vector<Answer>& answers, const Scores& scores, std::size_t begin, std::size_t count);

/// Adds the digests of the files. Errors: kNotFound.
Result<void> add_pools(json::Object& origin, const std::vector<std::string>& paths);

}  // namespace steward::recipes
