#include "steward/gateway/reply.h"

namespace steward::gateway {
namespace {

json::Object chunk(const ReplyHead& head, json::Array choices) {
  return json::Object{{"id", head.id},
                      {"object", head.surface == Surface::kChat ? "chat.completion.chunk" : "text_completion"},
                      {"created", head.created_s},
                      {"model", head.model_id},
                      {"choices", std::move(choices)}};
}

json::Object chat_choice(int index, json::Object delta, json::Value logprobs, json::Value finish) {
  return json::Object{
      {"index", index}, {"delta", std::move(delta)}, {"logprobs", std::move(logprobs)}, {"finish_reason", std::move(finish)}};
}

json::Object text_choice(int index, std::string_view text, json::Value logprobs, json::Value finish) {
  return json::Object{{"text", text}, {"index", index}, {"logprobs", std::move(logprobs)}, {"finish_reason", std::move(finish)}};
}

json::Object call_body(const model::ToolCall& call) {
  return json::Object{
      {"id", call.id}, {"type", "function"}, {"function", json::Object{{"name", call.name}, {"arguments", call.arguments}}}};
}

json::Object message_body(const ReplyChoice& choice) {
  json::Object message{{"role", "assistant"}, {"content", choice.text}, {"refusal", nullptr}};
  if (choice.calls.empty()) return message;
  if (choice.text.empty()) message["content"] = nullptr;
  json::Array calls;
  for (const model::ToolCall& call : choice.calls) calls.push_back(call_body(call));
  message["tool_calls"] = std::move(calls);
  return message;
}

}  // namespace

json::Object usage_body(const model::Usage& usage) {
  return json::Object{{"prompt_tokens", usage.prompt_tokens},
                      {"completion_tokens", usage.completion_tokens},
                      {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
                      {"prompt_tokens_details", json::Object{{"cached_tokens", usage.cached_tokens}}}};
}

json::Object whole_reply(const ReplyHead& head, const std::vector<ReplyChoice>& choices, const model::Usage& usage) {
  json::Array list;
  for (const ReplyChoice& choice : choices) {
    if (head.surface == Surface::kChat) {
      list.push_back(json::Object{{"index", choice.index},
                                  {"message", message_body(choice)},
                                  {"logprobs", choice.logprobs},
                                  {"finish_reason", choice.finish_reason}});
    } else {
      list.push_back(text_choice(choice.index, choice.text, choice.logprobs, json::Value(choice.finish_reason)));
    }
  }
  json::Object reply = chunk(head, std::move(list));
  if (head.surface == Surface::kChat) reply["object"] = "chat.completion";
  reply["usage"] = usage_body(usage);
  return reply;
}

std::string sse(const json::Value& value) { return "data: " + json::dump(value) + "\n\n"; }

json::Object role_chunk(const ReplyHead& head, int index) {
  return chunk(head, {chat_choice(index, {{"role", "assistant"}, {"content", ""}}, nullptr, nullptr)});
}

std::string text_event(const ReplyHead& head, int index, std::string_view text, const json::Value& logprobs) {
  const bool chat = head.surface == Surface::kChat;
  std::string out;
  out.reserve(head.id.size() + head.model_id.size() + text.size() + 192);
  out += R"(data: {"id":)";
  json::append_string(out, head.id);
  out.append(R"(,"object":)").append(chat ? R"("chat.completion.chunk")" : R"("text_completion")");
  out.append(R"(,"created":)").append(std::to_string(head.created_s)).append(R"(,"model":)");
  json::append_string(out, head.model_id);
  out.append(R"(,"choices":[{"index":)").append(std::to_string(index)).append(chat ? R"(,"delta":{"content":)" : R"(,"text":)");
  json::append_string(out, text);
  out += chat ? R"(},"logprobs":)" : R"(,"logprobs":)";
  out += logprobs.is_null() ? "null" : json::dump(logprobs);
  out += R"(,"finish_reason":null}]})";
  return out.append("\n\n");
}

json::Object calls_chunk(const ReplyHead& head, int index, const std::vector<model::ToolCall>& calls) {
  json::Array list;
  for (const model::ToolCall& call : calls) {
    json::Object body{{"index", list.size()}};
    for (auto& member : call_body(call)) body[member.key()] = member.value();
    list.push_back(std::move(body));
  }
  return chunk(head, {chat_choice(index, {{"tool_calls", std::move(list)}}, nullptr, nullptr)});
}

json::Object finish_chunk(const ReplyHead& head, int index, std::string_view finish_reason) {
  if (head.surface == Surface::kChat) return chunk(head, {chat_choice(index, {}, nullptr, json::Value(finish_reason))});
  return chunk(head, {text_choice(index, "", nullptr, json::Value(finish_reason))});
}

json::Object usage_chunk(const ReplyHead& head, const model::Usage& usage) {
  json::Object out = chunk(head, {});
  out["usage"] = usage_body(usage);
  return out;
}

json::Array findings_body(const guard::Decision& decision) {
  json::Array out;
  for (const guard::RuledFinding& ruled : decision.findings) {
    const guard::Finding& finding = ruled.finding;
    json::Object body{{"direction", policy::to_string(decision.direction)},
                      {"category", finding.category},
                      {"subtype", finding.subtype},
                      {"severity", finding.severity},
                      {"score", finding.score},
                      {"action", finding.restore ? "restore" : policy::to_string(ruled.ruling.action)},
                      {"filter", finding.filter},
                      {"version", finding.version},
                      {"evidence", finding.evidence},
                      {"span", json::Array{finding.span.begin, finding.span.end}}};
    if (ruled.ruling.review) body["review"] = true;
    out.push_back(std::move(body));
  }
  return out;
}

}  // namespace steward::gateway
