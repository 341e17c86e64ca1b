#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace steward::eval {

/// SQuAD's form of an answer [Rajpurkar et al. 2016, arXiv:1606.05250, §6.1, and its evaluation script]: lower case, without ASCII
/// punctuation, without the words a, an, the, one blank between words.
std::string normalize_answer(std::string_view answer);

struct AnswerScore {
  double exact = 0;  ///< 1 if one of the right answers is the same after normalisation
  double f1 = 0;     ///< of words, the best over the right answers
};
/// answers: right ones; with none, the empty text is right [SQuAD 2.0, arXiv:1806.03822].
AnswerScore score_answer(std::span<const std::string> answers, std::string_view given);

/// The label that an answer names: the first of its normalised words that is one of the labels' (labels of one word each), in any case.
std::optional<std::size_t> label_named(std::string_view answer, std::span<const std::string> labels);

}  // namespace steward::eval
