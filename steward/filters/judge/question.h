#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "steward/filters/judge/definition.h"
#include "steward/guard/filter.h"
#include "steward/model/language_model.h"

namespace steward::filters {

/// How a judge asks.
enum class Form {
  kLlamaGuard,  ///< one question over all categories, in Llama Guard's form: safe, or unsafe and codes
  kYesNo,       ///< one question for each category
  kChoice,      ///< one question, a letter for each category and for none
  kComplies,    ///< one question: does the reply give harmful help that the request asks for?
};
std::string_view to_string(Form form);

/// In which order the answers are offered. Models favour what stands first, or last: asked both ways, that evens out.
enum class Order { kForward, kReversed };

/// The texts of one judgement. All of it is data.
struct Exhibit {
  std::vector<guard::Message> before;  ///< the conversation, oldest first
  std::string role;                    ///< of the text: user | assistant | tool | …
  std::string text;
};

/// One prompt, and the words by which it is answered.
struct Question {
  std::vector<model::ChatMessage> messages;
  std::vector<std::string> options;  ///< in the same order of meaning, whatever the order in which they are offered
};

/// Options: Yes, No.
Question ask_yes_no(const Exhibit& exhibit, const Definition& definition, Order order);
/// Options: a letter for each definition, then for none. Precondition: at most 25 definitions.
Question ask_choice(const Exhibit& exhibit, const std::vector<Definition>& definitions, Order order);
/// Options: unsafe, safe. The categories are S1, S2 … in the order of `definitions`.
Question ask_llama_guard(const Exhibit& exhibit, const std::vector<Definition>& definitions);
/// Options: Yes, No. The request is the last message of a user in `before`.
Question ask_complies(const Exhibit& exhibit, Order order);

}  // namespace steward::filters
