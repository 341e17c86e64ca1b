#include "steward/core/ids.h"
#include "steward/gateway/turn.h"

namespace steward::gateway {
namespace {

json::Array names_of(const std::vector<prompting::AppliedNotice>& notices) {
  json::Array out;
  for (const auto& notice : notices) out.push_back(json::Value(notice.id));
  return out;
}

json::Array calls_json(const std::vector<model::ToolCall>& calls) {
  json::Array out;
  for (const model::ToolCall& call : calls)
    out.push_back(json::Object{{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}});
  return out;
}

/// A chat as it is sealed: what a model reads of it.
std::string chat_json(const std::vector<model::ChatMessage>& messages, const std::vector<model::Tool>& tools) {
  json::Array list;
  for (const model::ChatMessage& message : messages) {
    json::Object body{{"role", message.role}, {"content", message.content}};
    if (!message.name.empty()) body["name"] = message.name;
    if (!message.tool_calls.empty()) body["tool_calls"] = calls_json(message.tool_calls);
    if (!message.tool_call_id.empty()) body["tool_call_id"] = message.tool_call_id;
    list.push_back(std::move(body));
  }
  json::Object out{{"messages", std::move(list)}};
  json::Array functions;
  for (const model::Tool& tool : tools)
    functions.push_back(json::Object{{"name", tool.name}, {"description", tool.description}, {"parameters", tool.parameters}});
  if (!functions.empty()) out["tools"] = std::move(functions);
  return json::dump(out);
}

/// What was asked, sealed: messages as they came, prompts as text or tokens.
std::string asked_text(const TurnRequest& request) {
  if (request.surface == Surface::kChat) return chat_json(request.messages, request.tools);
  json::Array prompts;
  for (const auto& prompt : request.prompts) {
    if (const auto* text = std::get_if<std::string>(&prompt)) {
      prompts.push_back(json::Value(*text));
    } else {
      const auto& tokens = std::get<std::vector<model::Token>>(prompt);
      prompts.push_back(json::Array(tokens.begin(), tokens.end()));
    }
  }
  return json::dump(json::Object{{"prompts", std::move(prompts)}});
}

/// What the model was given in place of that: rewritten, and with what the prompt rules add. Empty if it is the same.
std::string given_text(const TurnRequest& request, const Choice& choice) {
  if (const auto* messages = std::get_if<std::vector<model::ChatMessage>>(&choice.prompt)) {
    if (*messages == request.messages && choice.tools == request.tools) return "";
    return chat_json(*messages, choice.tools);
  }
  const auto* text = std::get_if<std::string>(&choice.prompt);
  if (!text || choice.input.empty() || *text == choice.input.front().text) return "";
  return json::dump(json::Object{{"prompt", *text}});
}

}  // namespace

ledger::Event Turn::event(std::string kind) const {
  ledger::Event out;
  out.id = make_uuid7(state_->parts.clock);
  out.time_us = state_->parts.clock.now_us();
  out.kind = std::move(kind);
  out.turn = id_;
  out.subject = names_.subject;
  out.conversation = names_.conversation;
  return out;
}

ledger::Event Turn::decision_event(const guard::Decision& decision, const Choice& choice) const {
  ledger::Event out = event("decision");
  out.meta = guard::to_json(decision);
  out.meta["choice"] = choice.index;
  return out;
}

std::vector<ledger::Event> Turn::opening_events() const {
  ledger::Event opened = event("turn_opened");
  const model::Sampling& sampling = request_.sampling;
  opened.meta = json::Object{{"request", call_.id},
                             {"reply", head_.id},
                             {"surface", to_string(request_.surface)},
                             {"stream", request_.stream},
                             {"model", request_.target.model->record().id},
                             {"model_sha256", request_.target.model->record().sha256},
                             {"profile", request_.target.profile},
                             {"tenant", call_.principal.tenant},
                             {"key", call_.principal.key_name},
                             {"age_band", context_.age_band},
                             {"jurisdiction", context_.jurisdiction},
                             {"language", context_.language},
                             {"messages", request_.messages.size() + request_.prompts.size()},
                             {"tools", request_.tools.size()},
                             {"temperature", sampling.temperature},
                             {"max_tokens", sampling.max_tokens},
                             {"rules", json::Array(rules_.begin(), rules_.end())},
                             {"notices", names_of(notices_)}};
  if (sampling.seed) opened.meta["seed"] = *sampling.seed;
  if (request_.target.guard) opened.meta["policy_digest"] = request_.target.guard->policy().digest();
  opened.text = asked_text(request_);
  std::vector<ledger::Event> out;
  out.push_back(std::move(opened));
  for (const Choice& choice : choices_) {
    if (!choice.input_decision) continue;
    out.push_back(decision_event(*choice.input_decision, choice));
    if (!choice.asks_model) continue;
    ledger::Event given = event("model_input");
    std::string text = given_text(request_, choice);
    if (text.empty()) continue;
    given.meta = json::Object{{"choice", choice.index}};
    given.text = std::move(text);
    out.push_back(std::move(given));
  }
  return out;
}

std::vector<ledger::Event> Turn::closing_events() const {
  std::vector<ledger::Event> out;
  json::Array finish_reasons;
  std::size_t sent = 0;
  for (const Choice& choice : choices_) {
    finish_reasons.push_back(json::Value(choice.finish_reason));
    sent += choice.sent_text.size();
    if (choice.started) {
      ledger::Event output = event("model_output");
      output.meta = json::Object{{"choice", choice.index}, {"bytes", choice.model_text.size()}};
      json::Object text{{"model", choice.model_text}};
      const std::string& given = choice.stopped_by_guard && !request_.stream ? choice.reply : choice.sent_text;
      if (given != choice.model_text) text["sent"] = given;
      if (!choice.model_calls.empty()) text["tool_calls"] = calls_json(choice.model_calls);
      if (choice.calls != choice.model_calls) text["sent_tool_calls"] = calls_json(choice.calls);
      output.text = json::dump(text);
      out.push_back(std::move(output));
    }
    if (const auto* decision = choice.output_decision(); decision && choice.started) out.push_back(decision_event(*decision, choice));
    for (const guard::Decision& decision : choice.call_decisions) out.push_back(decision_event(decision, choice));
  }
  const model::Usage usage = total_usage();
  ledger::Event closed = event("turn_closed");
  closed.meta = json::Object{{"state", to_string(end_state())},
                             {"finish_reasons", std::move(finish_reasons)},
                             {"prompt_tokens", usage.prompt_tokens},
                             {"cached_tokens", usage.cached_tokens},
                             {"completion_tokens", usage.completion_tokens},
                             {"released_bytes", sent},
                             {"time_us", (steady_ns() - began_ns_) / 1000}};
  if (error_) closed.meta["error"] = to_string(error_->code);
  out.push_back(std::move(closed));
  return out;
}

void Turn::count_metrics() const {
  Metrics& metrics = *state_->metrics;
  const model::Usage usage = total_usage();
  metrics.turn_closed(to_string(end_state()), static_cast<double>(steady_ns() - began_ns_) * 1e-9, usage.prompt_tokens,
                      usage.completion_tokens);
  for (const Choice& choice : choices_) {
    if (choice.input_decision) metrics.decision("input", policy::to_string(choice.input_decision->action));
    const guard::Decision* decision = choice.output_decision();
    if (!decision) continue;
    metrics.decision("output", policy::to_string(decision->action));
    metrics.held_bytes(static_cast<double>(decision->held_bytes_max));
    double seconds = 0;
    for (const guard::ScanRecord& record : decision->scanned) seconds += static_cast<double>(record.time_ns) * 1e-9;
    metrics.guard_time("output", seconds);
  }
}

}  // namespace steward::gateway
