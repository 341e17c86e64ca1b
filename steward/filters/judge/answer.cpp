#include "steward/filters/judge/answer.h"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

namespace steward::filters {
namespace {

constexpr int kAlternatives = 20;  ///< the most that OpenAI's interface gives

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

/// The token without the blanks (also as tokenisers write them), quotes and punctuation around it.
std::string_view bare(std::string_view token) {
  for (const std::string_view mark : {"\xE2\x96\x81", "\xC4\xA0"})
    if (token.starts_with(mark)) token.remove_prefix(mark.size());
  constexpr std::string_view kAround = " \t\r\n\"'`*().:,[]";
  const auto begin = token.find_first_not_of(kAround);
  if (begin == std::string_view::npos) return {};
  return token.substr(begin, token.find_last_not_of(kAround) + 1 - begin);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

/// "yes" and "Y" are Yes; "a" is no letter A, but the article.
bool begins(std::string_view token, std::string_view option) {
  return option.size() == 1 ? token == option : lower(option).starts_with(lower(token));
}

std::optional<std::size_t> option_of(std::string_view token, const std::vector<std::string>& options) {
  const std::string_view word = bare(token);
  if (word.empty()) return std::nullopt;
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < options.size(); ++i) {
    if (!begins(word, options[i])) continue;
    if (found) return std::nullopt;
    found = i;
  }
  return found;
}

/// One answer as it comes in.
struct Waiting {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<model::TokenLogprob> tokens;
  std::string text;
  std::optional<Result<model::FinishReason>> done;
};

struct Running {
  std::shared_ptr<Waiting> waiting = std::make_shared<Waiting>();  // shared with the model's thread, which may outlast a deadline
  std::unique_ptr<model::Generation> generation;
};

Result<Running> start(model::LanguageModel& model, const Question& question, const Asking& asking) {
  model::GenerateRequest request;
  request.prompt = question.messages;
  request.sampling.temperature = 0;
  request.sampling.max_tokens = asking.tokens_max;
  request.sampling.want_logprobs = true;
  request.sampling.logprobs = kAlternatives;
  request.reproducible = asking.reproducible;
  request.stream = false;
  Running running;
  model::Sink sink;
  sink.on_delta = [waiting = running.waiting](std::string_view text, std::vector<model::TokenLogprob> tokens) {
    const std::lock_guard lock(waiting->mutex);
    waiting->text += text;
    for (model::TokenLogprob& token : tokens) waiting->tokens.push_back(std::move(token));
  };
  sink.on_done = [waiting = running.waiting](Result<model::FinishReason> reason, model::Usage) {
    const std::lock_guard lock(waiting->mutex);
    waiting->done = std::move(reason);
    waiting->changed.notify_all();
  };
  running.generation = TRY(model.start(std::move(request), std::move(sink)));
  return running;
}

Result<Reply> wait(const Running& running, const Question& question, const Asking& asking) {
  std::unique_lock lock(running.waiting->mutex);
  const bool done = running.waiting->changed.wait_until(lock, asking.deadline, [&] { return running.waiting->done.has_value(); });
  if (!done) return fail(ErrorCode::kDeadlineExceeded, "the judge's model did not answer within timeout_ms");
  TRY(*running.waiting->done);
  return Reply{TRY(option_probabilities(running.waiting->tokens, question.options)), running.waiting->text};
}

}  // namespace

Result<std::vector<double>> option_probabilities(const std::vector<model::TokenLogprob>& tokens, const std::vector<std::string>& options) {
  const auto first = std::find_if(tokens.begin(), tokens.end(), [](const auto& token) { return !is_blank(token.text); });
  if (first == tokens.end() || first->top.empty())
    return fail(ErrorCode::kUnavailable, "the judge's model gave no log-probabilities: it must support `logprobs` with `top_logprobs`");
  std::vector<double> out(options.size(), 0);
  double least = 1;
  bool any = false;
  for (const auto& [token, text, logprob] : first->top) {
    least = std::min(least, std::exp(logprob));
    const auto option = option_of(text, options);
    if (!option) continue;
    out[*option] += std::exp(logprob);
    any = true;
  }
  if (!any)
    return fail(ErrorCode::kUnavailable,
                "the judge's model answered with none of the offered answers: use a larger one, or another `form`");
  double sum = 0;
  for (double& probability : out) {
    if (probability == 0) probability = least;
    sum += probability;
  }
  for (double& probability : out) probability /= sum;
  return out;
}

std::vector<std::size_t> codes_of(std::string_view text, std::size_t count) {
  std::vector<std::size_t> out;
  for (std::size_t at = text.find_first_not_of(" \r\n"); at < text.size(); ++at) {
    if (text[at] != 'S') continue;
    std::size_t number = 0, digits = 0;
    while (digits < 3 && at + 1 < text.size() && text[at + 1] >= '0' && text[at + 1] <= '9') {
      number = number * 10 + static_cast<std::size_t>(text[++at] - '0');
      ++digits;
    }
    if (digits > 0 && number >= 1 && number <= count && std::find(out.begin(), out.end(), number - 1) == out.end())
      out.push_back(number - 1);
  }
  return out;
}

Result<std::vector<Reply>> ask(model::LanguageModel& model, const std::vector<Question>& questions, const Asking& asking) {
  std::vector<Reply> replies;
  for (std::size_t at = 0; at < questions.size(); at += asking.parallel) {
    std::vector<Running> running;  // leaving early destroys them, which cancels
    const std::size_t end = std::min(questions.size(), at + asking.parallel);
    for (std::size_t i = at; i < end; ++i) running.push_back(TRY(start(model, questions[i], asking)));
    for (std::size_t i = at; i < end; ++i) replies.push_back(TRY(wait(running[i - at], questions[i], asking)));
  }
  return replies;
}

}  // namespace steward::filters
