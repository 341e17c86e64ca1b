#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "steward/data/reader.h"
#include "steward/model/llama/chat_tokenizer.h"

namespace steward::data {

using model::Token;

/// Tokens, and which of them are learned: mask[i] = 1 where the prediction of tokens[i] from those before it counts in the loss. Equal
/// sizes; mask[0] is 0.
struct Sample {
  std::vector<Token> tokens;
  std::vector<std::uint8_t> mask;
  std::size_t row = 0;  ///< index of its row in what was given
};
struct PairSample {
  Sample chosen, rejected;
  std::optional<Strength> strength;
  std::optional<double> margin;
  std::optional<bool> chosen_safe, rejected_safe;
  std::optional<double> probability;
};
struct ThumbSample {
  Sample sample;
  bool up = false;
};
/// A prompt to be answered: its tokens, ready for the answer, and what it was made of.
struct PromptSample {
  Sample sample;
  Passage words;
  bool safety = false;  ///< the row says `safety: true`: what counts is that the answer does no harm
};
/// targets: one a label, from 0 to 1, or -1 for unknown. The mask is all 0.
struct ClassSample {
  Sample sample;
  std::vector<float> targets;
};

/// What becomes of a row that is over `tokens_max`. kDrop: left out. kCut: its oldest turns (system messages stay) or, of a plain text, the
/// beginning of its prompt are left out until it fits; answers are never cut, for they would lose their end.
enum class TooLong { kDrop, kCut };
/// How a `prompt` and `completion` that are strings are read: as the user's message and the assistant's, or as text that goes on, ended by
/// the model's end of text.
enum class Strings { kChat, kText };
enum class Answers { kEvery, kLast };

struct SampleOptions {
  int tokens_max = 1024;
  TooLong too_long = TooLong::kDrop;
  Strings strings = Strings::kChat;
  std::vector<std::string> trained_roles = {"assistant"};
  Answers answers = Answers::kEvery;  ///< of a chat
  bool skip_bad_rows = false;
};

struct SampleReport {
  std::size_t dropped = 0;  ///< too long
  std::size_t cut = 0;      ///< too long, and made to fit
  std::vector<BadRow> bad;  ///< the template refuses them
  std::size_t tokens = 0, trained_tokens = 0;
};

template <class T>
struct Made {
  std::vector<T> samples;
  SampleReport report;
};

/// Samples of rows of `rows.train`, `.validation` or `.test`; `files` names them in errors.
/// Every trained answer ends with an end-of-turn token inside the mask, or making fails and names the row and the template's ending.
/// Errors: kInvalidInput for that, for bad rows that are not to be skipped, for a row of another kind, and if nothing is left.
Result<Made<Sample>> make_samples(const std::vector<Row>& rows, const std::vector<std::string>& files,
                                  const model::ChatTokenizer& tokenizer, const SampleOptions& options);
/// A pair is left out when either side is too long; kCut cuts both prompts alike.
Result<Made<PairSample>> make_pairs(const std::vector<Row>& rows, const std::vector<std::string>& files,
                                    const model::ChatTokenizer& tokenizer, const SampleOptions& options);
Result<Made<ThumbSample>> make_thumbs(const std::vector<Row>& rows, const std::vector<std::string>& files,
                                      const model::ChatTokenizer& tokenizer, const SampleOptions& options);
/// Prompts alone, ready for the model's answer, masks all 0: of prompt rows, and of any other kind without its answers (the last of a
/// chat).
Result<Made<Sample>> make_prompts(const std::vector<Row>& rows, const std::vector<std::string>& files,
                                  const model::ChatTokenizer& tokenizer, const SampleOptions& options);
/// The same with what the prompts were made of.
Result<Made<PromptSample>> make_prompt_samples(const std::vector<Row>& rows, const std::vector<std::string>& files,
                                               const model::ChatTokenizer& tokenizer, const SampleOptions& options);
/// tokenize: the classifier's own (an encoder's pieces with its start and end, say). A text over `tokens_max` is dropped, or with kCut
/// loses its end. A row without any of `labels` is bad.
Result<Made<ClassSample>> make_class_samples(const std::vector<Row>& rows, const std::vector<std::string>& files,
                                             const std::function<Result<std::vector<Token>>(std::string_view)>& tokenize,
                                             const std::vector<std::string>& labels, const SampleOptions& options);
/// Every label that rows name, sorted.
std::vector<std::string> label_names(const std::vector<Row>& rows);

/// One line for people: samples, tokens, those learned, those dropped and cut.
std::string describe(const SampleReport& report, std::size_t samples);

}  // namespace steward::data
