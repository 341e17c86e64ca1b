#include "recipes/answer_pool.h"

#include <map>

#include <fmt/format.h>

#include "steward/core/hash.h"
#include "steward/core/utf8.h"

namespace steward::recipes {
namespace {

Result<json::Array> messages_of(const data::Messages& messages) {
  json::Array out;
  for (const model::ChatMessage& message : messages) {
    if (!message.tool_calls.empty() || !message.tool_call_id.empty())
      return fail(ErrorCode::kInvalidInput, "answers to prompts with calls of functions cannot be pooled: leave these prompts out");
    json::Object one{{"role", message.role}, {"content", message.content}};
    if (!message.name.empty()) one["name"] = message.name;
    out.push_back(std::move(one));
  }
  return out;
}

std::string answer_text(const data::Row& row) {
  if (const auto* chat = std::get_if<data::ChatBody>(&row.body)) return chat->messages.back().content;
  const auto& completion = std::get<data::CompletionBody>(row.body).completion;
  const auto* text = std::get_if<std::string>(&completion);
  return text ? *text : std::get<data::Messages>(completion).back().content;
}

}  // namespace

Result<void> AnswerPool::add(const data::PromptSample& prompt, const Answer& answer, const Scores& scores, std::size_t index) {
  const std::span<const model::Token> tokens(answer.rollout.tokens.data(), answer.rollout.tokens.size() - 1);
  const std::string text = TRY(tokenizer_.detokenize(tokens));
  if (find_invalid_utf8(text)) return {};
  Entry entry;
  entry.reward = scores.rewards.at(index);
  if (const auto* words = std::get_if<std::string>(&prompt.words)) {
    entry.row = json::Object{{"prompt", *words}, {"completion", text}};
    entry.prompt = json::dump(json::Value(*words));
  } else {
    json::Array messages = TRY(messages_of(std::get<data::Messages>(prompt.words)));
    entry.prompt = json::dump_canonical(messages);
    messages.push_back(json::Object{{"role", "assistant"}, {"content", text}});
    entry.row = json::Object{{"messages", std::move(messages)}};
  }
  entry.row["reward"] = entry.reward;
  for (const auto& [name, values] : scores.parts) entry.row["reward_" + name] = values.at(index);
  entry.row["safety"] = prompt.safety;
  entries_.push_back(std::move(entry));
  return {};
}

Result<void> AnswerPool::add_file(const std::string& path, const data::SampleOptions& options, Rewards& rewards) {
  data::ReadOptions read;
  read.kind = data::RowKind::kChat;
  const data::RowSet set = TRY(data::read_rows({path}, read));
  const auto prompts = TRY(data::make_prompt_samples(set.train, set.files, tokenizer_, options));
  const auto ending = TRY(ending_of(tokenizer_));
  std::vector<Answer> answers;
  for (const data::PromptSample& prompt : prompts.samples) {
    Answer answer{answers.size(), {TRY(tokenizer_.tokenize(answer_text(set.train[prompt.sample.row]))), true}};
    answer.rollout.tokens.push_back(ending.front());
    answers.push_back(std::move(answer));
  }
  const Scores scores = TRY(rewards.score(prompts.samples, answers));
  for (std::size_t i = 0; i < answers.size(); ++i) TRY(add(prompts.samples[i], answers[i], scores, i));
  return {};
}

std::string AnswerPool::rows() const {
  std::string out;
  for (const Entry& entry : entries_) out += json::dump_canonical(entry.row) + "\n";
  return out;
}

std::string AnswerPool::best_rows() const {
  std::vector<const Entry*> best;
  std::map<std::string_view, std::size_t> places;
  for (const Entry& entry : entries_) {
    const auto [place, is_new] = places.emplace(entry.prompt, best.size());
    if (is_new)
      best.push_back(&entry);
    else if (entry.reward > best[place->second]->reward)
      best[place->second] = &entry;
  }
  std::string out;
  for (const Entry* entry : best) out += json::dump_canonical(entry->row) + "\n";
  return out;
}

std::optional<std::size_t> best_of(const std::vector<Answer>& answers, const Scores& scores, std::size_t begin, std::size_t count) {
  std::optional<std::size_t> out;
  for (std::size_t i = begin; i < begin + count; ++i) {
    const model::Rollout& rollout = answers[i].rollout;
    if (!rollout.ended || rollout.tokens.size() < 2) continue;
    if (!out || scores.rewards[i] > scores.rewards[*out]) out = i;
  }
  return out;
}

Result<void> add_pools(json::Object& origin, const std::vector<std::string>& paths) {
  std::string digests;
  for (const std::string& path : paths) digests += TRY(sha256_file_hex(path));
  if (!paths.empty()) origin["pools"] = hex(sha256(digests));
  return {};
}

}  // namespace steward::recipes
