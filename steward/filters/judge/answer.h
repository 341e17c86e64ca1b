#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "steward/filters/judge/question.h"
#include "steward/model/language_model.h"

namespace steward::filters {

/// Probabilities of `options`, which sum to 1, from the alternatives of the first token that is not blank. A token stands for an option if,
/// but for blanks, punctuation and (for words) case, it is the option or the beginning of this one alone; an option that is in no
/// alternative gets the probability of the least of them, its upper bound. Errors: kUnavailable if there are no alternatives, or none
/// stands for an option.
Result<std::vector<double>> option_probabilities(const std::vector<model::TokenLogprob>& tokens, const std::vector<std::string>& options);

/// The numbers of the codes "S1, S3" behind the first line of Llama Guard's answer, from 0, each once; those of `count` or more are left
/// out.
std::vector<std::size_t> codes_of(std::string_view text, std::size_t count);

struct Reply {
  std::vector<double> probabilities;  ///< of the options
  std::string text;
};

struct Asking {
  std::chrono::steady_clock::time_point deadline;
  int tokens_max = 4;  ///< blanks may come before the answer
  bool reproducible = true;
  std::size_t parallel = 1;  ///< questions under way at once
};

/// Asks and waits for the answers, in the order of the questions. Blocks the calling thread; never call it on a thread that the model
/// answers on (its engine's, an I/O thread): it would wait for itself.
/// Errors: the model's own; kDeadlineExceeded, and the generations are cancelled; kUnavailable as for option_probabilities.
Result<std::vector<Reply>> ask(model::LanguageModel& model, const std::vector<Question>& questions, const Asking& asking);

}  // namespace steward::filters
