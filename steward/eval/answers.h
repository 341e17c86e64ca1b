#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "steward/data/row.h"
#include "steward/eval/metrics/measure.h"
#include "steward/model/language_model.h"

namespace steward::eval {

struct AnswerOptions {
  int tokens_max = 96;  ///< of an answer
  std::function<void(std::size_t done)> on_row = nullptr;
};

/// What the model writes for each row, beside what counts as right: greedily, one row at a time and without reuse of prefixes, so that the
/// same rows give the same answers. A prompt that is a string is the user's message.
/// Errors: of the model; kInvalidInput for a row without a prompt or without an answer.
Result<std::vector<Written>> answer_rows(model::LanguageModel& model, const std::vector<data::Row>& rows, const AnswerOptions& options);

}  // namespace steward::eval
