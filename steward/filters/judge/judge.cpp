#include "steward/filters/judge/judge.h"

#include <algorithm>
#include <cmath>

#include "steward/core/check.h"
#include "steward/filters/reply_checks/refusal.h"

namespace steward::filters {
namespace {

/// Blanks, then one word.
constexpr int kWordTokens = 4;
/// "unsafe", a line, and the codes of a few categories.
constexpr int kCodeTokens = 24;
/// So sure a refusal gives no help, and no model is asked.
constexpr double kSureRefusal = 0.9;
/// Nearer to 0 and 1 there is nothing to tell apart, and log-odds must be finite.
constexpr double kProbabilityMin = 1e-9;

bool has_request(const Exhibit& exhibit) {
  return std::any_of(exhibit.before.begin(), exhibit.before.end(), [](const guard::Message& message) { return message.role == "user"; });
}

}  // namespace

Judge::Judge(JudgeConfig config, std::vector<Definition> definitions, model::LanguageModel& model)
    : config_(std::move(config)), definitions_(std::move(definitions)), model_(model) {
  STEWARD_CHECK(!definitions_.empty() && !config_.orders.empty());
  STEWARD_CHECK(config_.form != Form::kComplies || definitions_.size() == 1);
}

double Judge::calibrate(double probability) const {
  const double p = std::clamp(probability, kProbabilityMin, 1 - kProbabilityMin);
  const double log_odds = config_.slope * std::log(p / (1 - p)) + config_.intercept;
  return 1 / (1 + std::exp(-log_odds));
}

Result<std::vector<Reply>> Judge::put(const std::vector<Question>& questions, Deadline deadline, int tokens_max) const {
  return ask(model_, questions, {deadline, tokens_max, config_.reproducible, config_.parallel});
}

Result<std::vector<double>> Judge::judge(const Exhibit& exhibit) const {
  const auto deadline = std::chrono::steady_clock::now() + config_.timeout;
  std::vector<double> mean(definitions_.size(), 0);
  for (const Order order : config_.orders) {
    const auto one = TRY(ask_in(exhibit, order, deadline));
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += one[i] / static_cast<double>(config_.orders.size());
  }
  for (double& probability : mean) probability = calibrate(probability);
  return mean;
}

Result<std::vector<double>> Judge::judge_in(const Exhibit& exhibit, Order order) const {
  auto out = TRY(ask_in(exhibit, order, std::chrono::steady_clock::now() + config_.timeout));
  for (double& probability : out) probability = calibrate(probability);
  return out;
}

Result<std::vector<double>> Judge::ask_in(const Exhibit& exhibit, Order order, Deadline deadline) const {
  std::vector<Question> questions;
  switch (config_.form) {
    case Form::kLlamaGuard:
      return ask_guard(exhibit, deadline);
    case Form::kYesNo:
      for (const Definition& definition : definitions_) questions.push_back(ask_yes_no(exhibit, definition, order));
      break;
    case Form::kChoice: {
      auto replies = TRY(put({ask_choice(exhibit, definitions_, order)}, deadline, kWordTokens));
      std::vector<double> out = std::move(replies.front().probabilities);
      out.pop_back();  // none
      return out;
    }
    case Form::kComplies:
      if (!has_request(exhibit))
        return fail(ErrorCode::kUnavailable, "a judge of the form `complies` needs the request that the reply answers, and there is none");
      if (refusal_score(exhibit.text, "") >= kSureRefusal) return std::vector<double>{0};
      questions.push_back(ask_complies(exhibit, order));
      break;
  }
  std::vector<double> out;
  for (const Reply& reply : TRY(put(questions, deadline, kWordTokens))) out.push_back(reply.probabilities.front());
  return out;
}

/// The codes say which categories the probability of "unsafe" is of. Where it counts and no code was written, each category is asked about
/// alone, in the same form.
Result<std::vector<double>> Judge::ask_guard(const Exhibit& exhibit, Deadline deadline) const {
  const auto replies = TRY(put({ask_llama_guard(exhibit, definitions_)}, deadline, kCodeTokens));
  const double unsafe = replies.front().probabilities.front();
  std::vector<double> out(definitions_.size(), 0);
  const auto codes = codes_of(replies.front().text, definitions_.size());
  for (const std::size_t code : codes) out[code] = unsafe;
  if (!codes.empty() || calibrate(unsafe) < config_.report) return out;
  if (definitions_.size() == 1) return std::vector<double>{unsafe};
  std::vector<Question> alone;
  for (const Definition& definition : definitions_) alone.push_back(ask_llama_guard(exhibit, {definition}));
  const auto answers = TRY(put(alone, deadline, kWordTokens));
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = answers[i].probabilities.front();
  return out;
}

}  // namespace steward::filters
