#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "steward/gateway/routes.h"
#include "steward/gateway/turn_request.h"

namespace steward::gateway {

/// Texts that are judged outside of a turn, by whose guard and for whom.
struct TextCheck {
  Target target;
  policy::Context context;
  policy::Direction direction = policy::Direction::kInput;
  std::string role = "user";  ///< whose words the texts are: user | tool | assistant
};

/// From `model`, `direction` and `role` of the body. "steward" and OpenAI's own names mean the first model; a profile may stand behind any
/// of them. Errors: as choose_target(); kInvalidInput.
Result<TextCheck> read_text_check(const Gateway::State& state, const Call& call, const json::Object& body);

/// Asks the guard about each text, in its role, where it may run (run_checks), counts the decisions, and gives them in order.
void judge_texts(const StatePointer& state, Call call, const TextCheck& check, std::vector<guard::Message> texts,
                 std::function<void(Call, std::vector<guard::Decision>)> then);

/// A finding that asks for something to be done, other than a canned reply's or an honest answer's.
bool flags(const guard::RuledFinding& ruled);

struct CheckedTexts {
  std::string_view surface;  ///< in the ledger; of static storage
  const std::vector<guard::Decision>& decisions;
};
/// Records the decisions, then calls `answer`, or sends 503 where they could not be recorded.
void record_checks(const StatePointer& state, Call call, const CheckedTexts& checked, std::function<void(Call& call)> answer);

}  // namespace steward::gateway
