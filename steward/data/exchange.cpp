#include "steward/data/exchange.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace steward::data {
namespace {

using model::PromptEnd;
using model::PromptPart;

std::string joined(const std::vector<PromptPart>& parts) {
  std::string out;
  for (const PromptPart& part : parts) out += part.text;
  return out;
}

/// The parts after the first `bytes` bytes.
std::vector<PromptPart> beyond(const std::vector<PromptPart>& parts, std::size_t bytes) {
  std::vector<PromptPart> out;
  for (const PromptPart& part : parts) {
    const std::size_t skipped = std::min(bytes, part.text.size());
    bytes -= skipped;
    if (skipped < part.text.size()) out.push_back({part.is_input, part.text.substr(skipped)});
  }
  return out;
}

/// Leaves out the oldest turn: after the system messages, from a user's message to the next. Of the first `keep_from` messages only, for
/// the rest are answers. Returns how many messages went; 0 if one turn alone is left.
std::size_t cut_turn(Messages& messages, std::size_t keep_from) {
  const auto is_user = [](const model::ChatMessage& message) { return message.role == "user"; };
  const auto limit = messages.begin() + static_cast<std::ptrdiff_t>(keep_from);
  const auto first = std::find_if(messages.begin(), limit, is_user);
  if (first == limit) return 0;
  const auto second = std::find_if(first + 1, limit, is_user);
  if (second == limit) return 0;
  const auto count = static_cast<std::size_t>(second - first);
  messages.erase(first, second);
  return count;
}

Messages chat_of(const std::string& text, const char* role) { return {{role, text, {}}}; }

}  // namespace

Result<Written> ExchangeWriter::write(const Exchange& exchange) const {
  if (const auto* text = std::get_if<std::string>(&exchange.prompt)) {
    if (options_.strings == Strings::kText) {
      std::vector<std::string> answers;
      for (const Passage& answer : exchange.answers) answers.push_back(std::get<std::string>(answer));
      return write_text(*text, answers);
    }
    std::vector<Messages> answers;
    for (const Passage& answer : exchange.answers) answers.push_back(chat_of(std::get<std::string>(answer), "assistant"));
    return write_chat(chat_of(*text, "user"), answers);
  }
  std::vector<Messages> answers;
  for (const Passage& answer : exchange.answers) answers.push_back(std::get<Messages>(answer));
  return write_chat(std::get<Messages>(exchange.prompt), answers);
}

Result<Written> ExchangeWriter::write_chat(const Messages& prompt, const std::vector<Messages>& answers) const {
  const auto limit = static_cast<std::size_t>(options_.tokens_max);
  Written out;
  std::vector<Messages> chats;
  for (const Messages& answer : answers) {
    chats.push_back(prompt);
    chats.back().insert(chats.back().end(), answer.begin(), answer.end());
  }
  if (answers.empty()) chats.push_back(prompt);
  std::size_t learned_from = prompt.size();
  while (true) {
    out.samples.clear();
    std::size_t longest = 0;
    for (const Messages& chat : chats) {
      Sample sample = TRY(answers.empty() ? prompt_sample(chat, out.bad) : chat_sample(chat, learned_from, out.bad));
      if (!out.bad.empty()) return out;
      longest = std::max(longest, sample.tokens.size());
      out.samples.push_back(std::move(sample));
    }
    if (longest <= limit) return out;
    std::size_t gone = 0;
    // A whole chat (no prompt of its own) may lose turns that hold answers; what is left still ends with one.
    if (options_.too_long == TooLong::kCut)
      for (Messages& chat : chats) gone = cut_turn(chat, prompt.empty() ? chat.size() : learned_from);
    if (gone == 0) break;
    out.fit = Written::Fit::kCut;
    learned_from -= std::min(learned_from, gone);
  }
  out.fit = Written::Fit::kDropped;
  out.samples.clear();
  return out;
}

Result<Written> ExchangeWriter::write_text(const std::string& prompt, const std::vector<std::string>& answers) const {
  std::vector<Token> before = TRY(tokenizer_.tokenize(prompt));
  std::vector<std::vector<Token>> after;
  std::size_t longest = 0;
  for (const std::string& answer : answers) {
    after.push_back(TRY(tokenizer_.tokenize(answer)));
    after.back().push_back(tokenizer_.eos());
    longest = std::max(longest, after.back().size());
  }
  const std::size_t taken = longest + (tokenizer_.leading() ? 1 : 0);
  const auto limit = static_cast<std::size_t>(options_.tokens_max);
  Written out;
  if (before.size() + taken > limit) {
    if (options_.too_long == TooLong::kDrop || taken >= limit) {
      out.fit = Written::Fit::kDropped;
      return out;
    }
    before.erase(before.begin(), before.end() - static_cast<std::ptrdiff_t>(limit - taken));
    out.fit = Written::Fit::kCut;
  }
  if (after.empty()) after.emplace_back();
  for (const std::vector<Token>& answer : after) {
    Sample sample{before, std::vector<std::uint8_t>(before.size(), 0)};
    sample.tokens.insert(sample.tokens.end(), answer.begin(), answer.end());
    sample.mask.resize(sample.tokens.size(), 1);
    lead(sample);
    out.samples.push_back(std::move(sample));
  }
  return out;
}

Result<Sample> ExchangeWriter::prompt_sample(const Messages& messages, std::string& bad) const {
  Sample sample;
  const auto parts = tokenizer_.render(messages, PromptEnd::kReply);
  if (!parts) {
    bad = parts.error().message;
    return sample;
  }
  TRY(append(*parts, sample));
  lead(sample);
  return sample;
}

/// Written piece by piece: up to where an answer is asked for, as the engine would, then what the template adds for the answer.
Result<Sample> ExchangeWriter::chat_sample(const Messages& messages, std::size_t learned_from, std::string& bad) const {
  Sample sample;
  std::string written;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (!is_learned(messages, i, learned_from)) continue;
    const Messages before(messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(i));
    const Messages until(messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(i + 1));
    const bool is_answer = messages[i].role == "assistant";
    std::vector<PromptPart> asked;
    if (!before.empty()) {
      auto rendered = tokenizer_.render(before, is_answer ? PromptEnd::kReply : PromptEnd::kMessages);
      if (!rendered) {
        bad = rendered.error().message;
        return sample;
      }
      asked = std::move(*rendered);
    }
    const auto answered = tokenizer_.render(until, PromptEnd::kMessages);
    if (!answered) {
      bad = answered.error().message;
      return sample;
    }
    const std::string asked_text = joined(asked), answered_text = joined(*answered);
    if (!asked_text.starts_with(written))
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("the chat template of {} shows earlier turns in another way once later ones follow: train the last answer "
                              "of each chat alone (answers: last)",
                              tokenizer_.path()));
    if (!answered_text.starts_with(asked_text))
      return fail(ErrorCode::kInvalidInput, fmt::format("the chat template of {} shows an answer in another way than it asks for one, so "
                                                        "that no answer can be told from its prompt",
                                                        tokenizer_.path()));
    TRY(append(beyond(asked, written.size()), sample));
    TRY(learn(beyond(*answered, asked_text.size()), is_answer, sample));
    written = answered_text;
  }
  lead(sample);
  return sample;
}

/// own_role: the header of the message stands in the prompt already; of other roles it is not learned.
Result<void> ExchangeWriter::learn(const std::vector<PromptPart>& rest, bool own_role, Sample& sample) const {
  std::size_t begin = sample.tokens.size();
  std::optional<std::size_t> end;
  bool begun = own_role;
  for (const PromptPart& part : rest) {
    if (!begun && part.is_input) {
      begin = sample.tokens.size();
      begun = true;
    }
    const std::size_t from = sample.tokens.size();
    TRY(append({part}, sample));
    for (std::size_t i = from; i < sample.tokens.size() && begun; ++i)
      if (!part.is_input && tokenizer_.ends_reply(sample.tokens[i])) end = i;
  }
  if (!end)
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the chat template of {} does not end the answer with a token at which the engine stops: trained so, the model "
                            "would never stop. Use a model whose template writes its end-of-turn token after each answer",
                            tokenizer_.path()));
  for (std::size_t i = begin; i <= *end; ++i) sample.mask[i] = i == 0 ? 0 : 1;
  return {};
}

Result<void> ExchangeWriter::append(const std::vector<PromptPart>& parts, Sample& sample) const {
  const auto tokens = TRY(tokenizer_.tokenize(parts));
  sample.tokens.insert(sample.tokens.end(), tokens.begin(), tokens.end());
  sample.mask.resize(sample.tokens.size(), 0);
  return {};
}

bool ExchangeWriter::is_learned(const Messages& messages, std::size_t at, std::size_t learned_from) const {
  if (at < learned_from) return false;
  const auto has_role = [&](const model::ChatMessage& message) {
    return std::find(options_.trained_roles.begin(), options_.trained_roles.end(), message.role) != options_.trained_roles.end();
  };
  if (!has_role(messages[at])) return false;
  if (options_.answers == Answers::kEvery) return true;
  return std::none_of(messages.begin() + static_cast<std::ptrdiff_t>(at) + 1, messages.end(), has_role);
}

void ExchangeWriter::lead(Sample& sample) const {
  const auto leading = tokenizer_.leading();
  if (!leading || (!sample.tokens.empty() && sample.tokens.front() == *leading)) return;
  sample.tokens.insert(sample.tokens.begin(), *leading);
  sample.mask.insert(sample.mask.begin(), 0);
}

}  // namespace steward::data
