#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "steward/core/json.h"
#include "steward/core/result.h"
#include "steward/model/language_model.h"

namespace steward::data {

using Messages = std::vector<model::ChatMessage>;
/// A text, or messages in the order of a chat.
using Passage = std::variant<std::string, Messages>;

/// TRL's names of the members stand behind each. Members that a kind does not name are left alone.
enum class RowKind {
  kChat,        ///< `messages`, or `prompt` and `completion`
  kPreference,  ///< `prompt`, `chosen`, `rejected`; without `prompt`, what both have in common is the prompt
  kThumb,       ///< `prompt`, `completion`, `label`
  kClass,       ///< `text`, and `labels` or `label`
  kPrompt,      ///< `prompt`, or `messages` that end with the user's
};

/// How much better the chosen answer is [Llama 2, arXiv:2307.09288, §3.2.1].
enum class Strength { kNegligible, kSlight, kBetter, kSignificant };

struct ChatBody {
  Messages messages;  ///< at least one of them the assistant's
};
struct CompletionBody {
  Passage prompt, completion;
};
struct PreferenceBody {
  Passage prompt, chosen, rejected;
  std::optional<Strength> strength;  ///< `strength`: negligible | slight | better | significant
  std::optional<double> margin;      ///< `margin`: instead of the strength's
  std::optional<bool> chosen_safe, rejected_safe;
  std::optional<double> probability;  ///< `probability`: that the chosen answer is the better one, from 0 to 1; absent: certain
};
struct ThumbBody {
  Passage prompt, completion;
  bool up = false;
};
/// `labels`: {"name": 0, 1 or a fraction, …}, where a name that is absent is unknown; or names, which are all that hold; `label`: one name.
struct ClassBody {
  std::string text;
  std::vector<std::pair<std::string, double>> labels;
  bool complete = false;  ///< labels that are not named are 0, not unknown
};
struct PromptBody {
  Passage prompt;
};

/// One checked line of a file.
struct Row {
  std::size_t file = 0;  ///< index of the file in the order read
  std::size_t line = 0;  ///< from 1
  std::string id;        ///< the row's `id`, or empty
  std::variant<ChatBody, CompletionBody, PreferenceBody, ThumbBody, ClassBody, PromptBody> body;
  json::Object extra = {};  ///< the row's other members: `answers`, `id`, `source` …
};

/// Checks one line's object. Errors: kInvalidInput whose message is the reason and quotes nothing of the row.
Result<Row> parse_row(const json::Object& object, RowKind kind);

/// The user's words before the first answer, or the text to classify. It decides the side of a split: whatever follows the same opening,
/// under whatever system message, in whatever kind of row, stands on the same side.
std::string prompt_text(const Row& row);

/// What stands before the answer: the messages or the text. Of a chat, all before its last answer. Errors: kInvalidInput for a text with
/// labels.
Result<Passage> prompt_of(const Row& row);

/// What counts as right when a model answers the row: its `answers`, or else its completion, its last answer or its label.
std::vector<std::string> right_answers(const Row& row);

}  // namespace steward::data
