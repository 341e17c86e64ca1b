#include "steward/filters/remote/chat_form.h"

#include <algorithm>
#include <cmath>

#include "steward/text/view.h"

namespace steward::filters::remote {
namespace {

constexpr std::size_t kContextBytesMax = 4096;

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

Result<ChatAnswer::Alternative> read_alternative(const json::Value& value) {
  const auto* object = value.if_object();
  if (!object) return not_an_answer("tokens");
  const auto token = json::get_string(*object, "token");
  const auto logprob = json::get_number(*object, "logprob");
  if (!token || !*token || !logprob || !*logprob || **logprob > 1e-6) return not_an_answer("tokens with their logprob");
  return ChatAnswer::Alternative{plain_word(**token), std::exp(std::min(0.0, **logprob))};
}

Result<void> read_tokens(const json::Object& logprobs, ChatAnswer& out) {
  const json::Array* content = TRY(json::get_array(logprobs, "content"));
  if (!content) return {};
  for (const json::Value& value : *content) {
    std::vector<ChatAnswer::Alternative> alternatives{TRY(read_alternative(value))};
    const json::Array* top = TRY(json::get_array(value.as_object(), "top_logprobs"));
    if (top && !top->empty()) alternatives.clear();
    if (top)
      for (const json::Value& one : *top) alternatives.push_back(TRY(read_alternative(one)));
    out.tokens.push_back(std::move(alternatives));
  }
  return {};
}

/// The end of a message, which is nearest to what follows.
std::string context_of(std::string_view text) {
  if (text.size() <= kContextBytesMax) return std::string(text);
  std::size_t from = text.size() - kContextBytesMax;
  while (text::char_floor(text, from) != from) ++from;
  return std::string(text.substr(from));
}

}  // namespace

std::string plain_word(std::string_view text) {
  std::string out(trimmed(text));
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return out;
}

Result<ChatAnswer> read_chat(std::string_view body) {
  const json::Object answer = TRY(read_object(body));
  const auto choices = json::get_array(answer, "choices");
  if (!choices || !*choices || (*choices)->empty() || !(**choices)[0].is_object()) return not_an_answer("choices");
  const json::Object& choice = (**choices)[0].as_object();
  const auto message = json::get_object(choice, "message");
  if (!message || !*message) return not_an_answer("a message");
  const auto content = json::get_string(**message, "content");
  if (!content || !*content) return not_an_answer("a message's content");
  ChatAnswer out;
  out.text = **content;
  const auto logprobs = json::get_object(choice, "logprobs");
  if (!logprobs) return not_an_answer("readable logprobs");
  if (*logprobs)
    if (!read_tokens(**logprobs, out)) return not_an_answer("readable logprobs");
  return out;
}

json::Array chat_messages(const Subject& subject, std::size_t context_max) {
  const guard::Scope& scope = subject.scope;
  const bool on_input = scope.direction == policy::Direction::kInput;
  const std::string last = !on_input || scope.role == "assistant" ? "assistant" : "user";
  std::vector<std::pair<std::string, std::string>> turns;
  const std::size_t before = scope.messages ? (on_input ? std::min(scope.message, scope.messages->size()) : scope.messages->size()) : 0;
  for (std::size_t i = before - std::min(before, context_max); i < before; ++i) {
    const guard::Message& message = (*scope.messages)[i];
    if (message.text.empty() || message.role == "system" || message.role == "developer") continue;
    turns.emplace_back(message.role == "assistant" ? "assistant" : "user", context_of(message.text));
  }
  turns.emplace_back(last, subject.text);
  json::Array out;
  if (turns.front().first != "user") out.push_back(json::Object{{"role", "user"}, {"content", ""}});
  std::string role, text;
  const auto flush = [&] {
    if (!role.empty()) out.push_back(json::Object{{"role", role}, {"content", text}});
  };
  for (auto& [speaker, said] : turns) {
    if (speaker == role) {
      text += "\n\n" + said;
      continue;
    }
    flush();
    role = speaker;
    text = std::move(said);
  }
  flush();
  return out;
}

net::ClientRequest chat_request(const std::string& target, json::Object body) {
  body["temperature"] = 0;
  return {"POST", target, json::dump(body)};
}

std::optional<double> probability_of(const ChatAnswer& answer, std::string_view yes, std::string_view no) {
  // A word may be cut into tokens: the first two letters tell.
  const auto is_like = [](const std::string& token, std::string_view word) {
    return !token.empty() && token.size() >= std::min<std::size_t>(2, word.size()) && (word.starts_with(token) || token == word);
  };
  for (const auto& alternatives : answer.tokens) {
    double for_yes = 0, for_no = 0;
    for (const auto& [token, probability] : alternatives) {
      if (is_like(token, yes)) for_yes += probability;
      if (is_like(token, no)) for_no += probability;
    }
    if (for_yes + for_no > 0) return for_yes / (for_yes + for_no);
  }
  return std::nullopt;
}

}  // namespace steward::filters::remote
