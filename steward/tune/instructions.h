#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "steward/core/result.h"
#include "steward/data/row.h"

/// Ghost Attention [Touvron et al. 2023, arXiv:2307.09288, §3.3]: instructions that hold for a whole dialogue.
namespace steward::tune {

/// What code can see of an answer. Letters are those of ASCII.
struct AnswerCheck {
  enum class Kind { kBegins, kEnds, kContains, kLacks, kUpper, kLower, kWordsMax };
  Kind kind = Kind::kContains;
  std::string text;       ///< of the first four
  std::int64_t most = 0;  ///< of kWordsMax
};

struct Instruction {
  std::string id, say;
  std::vector<AnswerCheck> obeyed;  ///< all must hold; none: code cannot tell
};

/// A list of {id, say, obeyed: {begins, ends, contains, lacks: TEXT, letters: upper | lower, words_max: N}}.
/// Errors: kNotFound; kInvalidInput with the place and what to write instead.
Result<std::vector<Instruction>> read_instructions(const std::string& path);

/// Precondition: the instruction has checks.
bool obeys(const Instruction& instruction, std::string_view answer);

/// The instruction behind every message of the user, as answers are sampled with it.
data::Messages told_every_turn(data::Messages chat, const Instruction& instruction);
/// Behind the first one alone, as the model learns to keep to it.
data::Messages told_once(data::Messages chat, const Instruction& instruction);

}  // namespace steward::tune
