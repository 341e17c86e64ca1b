#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "steward/filters/judge/answer.h"
#include "steward/filters/judge/definition.h"
#include "steward/filters/judge/question.h"
#include "steward/text/pieces.h"

namespace steward::filters {

struct JudgeConfig {
  Form form = Form::kYesNo;
  std::vector<Order> orders = {Order::kForward, Order::kReversed};  ///< asked in each; the probabilities are averaged
  std::chrono::milliseconds timeout{20'000};                        ///< for one judgement, with all its questions
  double report = 0.1;                                              ///< from this calibrated probability on there is a finding
  int severity = 2;
  double slope = 1, intercept = 0;   ///< calibrated log-odds = slope * log-odds + intercept [Platt 1999]
  std::size_t context_messages = 4;  ///< of the conversation before the text
  std::size_t parallel = 1;          ///< questions under way at once
  bool reproducible = true;          ///< embedded models: alone in the batch, the same logits every time
  text::PieceOptions input{SIZE_MAX, 3000, 512};
  text::PieceOptions output{400, 2048, 512};
};

/// Asks a language model which categories a text falls under. Immutable, thread-safe if the model is. `model` outlives it.
class Judge {
 public:
  /// Precondition: at least one definition; at most 25 for kChoice, one (whose id alone counts) for kComplies.
  Judge(JudgeConfig config, std::vector<Definition> definitions, model::LanguageModel& model);

  const JudgeConfig& config() const { return config_; }
  const std::vector<Definition>& definitions() const { return definitions_; }
  const model::LanguageModel& model() const { return model_; }
  /// The calibrated probability of each definition. Blocks until the model has answered (see ask()): up to config().timeout.
  /// Errors: of ask(); kUnavailable if kComplies has no request in the exhibit.
  Result<std::vector<double>> judge(const Exhibit& exhibit) const;
  /// The same, with the answers offered in one order only.
  Result<std::vector<double>> judge_in(const Exhibit& exhibit, Order order) const;

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  Result<std::vector<double>> ask_in(const Exhibit& exhibit, Order order, Deadline deadline) const;
  Result<std::vector<double>> ask_guard(const Exhibit& exhibit, Deadline deadline) const;
  Result<std::vector<Reply>> put(const std::vector<Question>& questions, Deadline deadline, int tokens_max) const;
  double calibrate(double probability) const;

  const JudgeConfig config_;
  const std::vector<Definition> definitions_;
  model::LanguageModel& model_;
};

}  // namespace steward::filters
