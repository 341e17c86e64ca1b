#include "steward/tune/chat_rollouts.h"

namespace steward::tune {
namespace {

std::string trimmed(const std::string& text) {
  constexpr const char* kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

Result<ChatAnswer> answer_of(const model::ChatTokenizer& tokenizer, model::Rollout rollout) {
  if (rollout.ended) rollout.tokens.pop_back();
  return ChatAnswer{trimmed(TRY(tokenizer.detokenize(rollout.tokens))), rollout.ended};
}

}  // namespace

Result<std::vector<model::Token>> chat_prompt(const model::ChatTokenizer& tokenizer, const data::Messages& chat, std::string_view begun) {
  std::vector<model::PromptPart> parts = TRY(tokenizer.render(chat, model::PromptEnd::kReply));
  if (!begun.empty()) parts.push_back({true, std::string(begun)});
  std::vector<model::Token> tokens = TRY(tokenizer.tokenize(parts));
  const auto leading = tokenizer.leading();
  if (leading && (tokens.empty() || tokens.front() != *leading)) tokens.insert(tokens.begin(), *leading);
  return tokens;
}

Result<std::vector<ChatAnswer>> answer_chats(model::Rollouts& rollouts, const model::ChatTokenizer& tokenizer,
                                             std::span<const data::Messages> chats, const ChatSampling& options) {
  const auto draws = static_cast<std::size_t>(options.draws);
  std::vector<ChatAnswer> out(chats.size() * draws);
  std::vector<model::RolloutPrompt> prompts;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < chats.size(); ++i) {
    const std::vector<model::Token> tokens = TRY(chat_prompt(tokenizer, chats[i]));
    const bool fits = static_cast<int>(tokens.size()) + options.sampling.tokens_max <= options.context;
    for (std::size_t at = i * draws; at < (i + 1) * draws; ++at) {
      out[at].too_long = !fits;
      if (!fits) continue;
      prompts.push_back({tokens, options.first_draw + at});
      places.push_back(at);
    }
  }
  if (prompts.empty()) return out;
  std::vector<model::Rollout> rolled = TRY(rollouts.sample(prompts, options.sampling));
  for (std::size_t i = 0; i < rolled.size(); ++i) out[places[i]] = TRY(answer_of(tokenizer, std::move(rolled[i])));
  return out;
}

}  // namespace steward::tune
