#pragma once

#include <string>
#include <vector>

#include "steward/data/samples.h"

namespace steward::data {

/// A prompt with the answers that stand side by side after it: one of a plain row, two of a pair. Without answers the prompt is written so
/// that the model's answer can follow. A whole chat is the answer to an empty prompt.
struct Exchange {
  Passage prompt = Messages{};
  std::vector<Passage> answers = {};
};

struct Written {
  enum class Fit { kWhole, kCut, kDropped };
  Fit fit = Fit::kWhole;
  std::vector<Sample> samples;  ///< one an answer, or the prompt's; none when dropped
  std::string bad;              ///< why the template refuses the row; empty: it does not
};

/// Writes exchanges as samples, by the rules of samples.h. Errors: kInvalidInput when the template does not end a trained answer, or does
/// not show an answer where it asks for one: no row can be trained with it.
class ExchangeWriter {
 public:
  ExchangeWriter(const model::ChatTokenizer& tokenizer, const SampleOptions& options) : tokenizer_(tokenizer), options_(options) {}
  Result<Written> write(const Exchange& exchange) const;

 private:
  Result<Written> write_chat(const Messages& prompt, const std::vector<Messages>& answers) const;
  Result<Written> write_text(const std::string& prompt, const std::vector<std::string>& answers) const;
  Result<Sample> chat_sample(const Messages& messages, std::size_t learned_from, std::string& bad) const;
  Result<Sample> prompt_sample(const Messages& messages, std::string& bad) const;
  Result<void> learn(const std::vector<model::PromptPart>& rest, bool own_role, Sample& sample) const;
  Result<void> append(const std::vector<model::PromptPart>& parts, Sample& sample) const;
  bool is_learned(const Messages& messages, std::size_t at, std::size_t learned_from) const;
  void lead(Sample& sample) const;

  const model::ChatTokenizer& tokenizer_;
  const SampleOptions& options_;
};

}  // namespace steward::data
