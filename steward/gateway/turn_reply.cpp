#include <algorithm>

#include "steward/gateway/logprobs.h"
#include "steward/gateway/turn.h"

namespace steward::gateway {

/// Nothing leaves before turn_opened is durable; what is released until then waits here.
void Turn::send_unsent(Choice& choice) {
  if (!request_.stream) {
    choice.sent_text += choice.unsent_text;
    choice.unsent_text.clear();
    return;
  }
  if (!opened_ || client_left_ || (choice.unsent_text.empty() && choice.unsent_tokens.empty())) return;
  open_stream();
  if (request_.surface == Surface::kChat && !std::exchange(choice.role_sent, true))
    call_.responder->write(sse(role_chunk(head_, choice.index)));
  json::Value logprobs = nullptr;
  if (!choice.unsent_tokens.empty() && request_.surface == Surface::kChat)
    logprobs = chat_logprobs(choice.unsent_tokens);
  else if (!choice.unsent_tokens.empty())
    logprobs = completion_logprobs(choice.unsent_tokens, request_.sampling.logprobs, choice.text_offset);
  call_.responder->write(text_event(head_, choice.index, choice.unsent_text, logprobs));
  choice.sent_text += choice.unsent_text;
  choice.unsent_text.clear();
  choice.unsent_tokens.clear();
}

void Turn::open_stream() {
  if (std::exchange(streaming_, true)) return;
  state_->metrics->first_byte(static_cast<double>(steady_ns() - began_ns_) * 1e-9);
  call_.begin_stream();
}

void Turn::answer() {
  if (error_) return answer_error(*error_);
  request_.stream ? answer_stream() : answer_whole();
}

void Turn::answer_error(const Error& error) {
  if (!streaming_) return call_.send_error(error);
  // Clients raise on an error event; without [DONE] the answer cannot pass for a whole one.
  call_.responder->write(sse(error_body(http_status(error.code), error)));
  call_.responder->end();
}

void Turn::answer_whole() {
  std::vector<ReplyChoice> replies;
  for (const Choice& choice : choices_) {
    ReplyChoice reply;
    reply.index = choice.index;
    const bool replaced = !choice.asks_model || choice.stopped_by_guard;
    reply.text = replaced ? choice.reply : choice.sent_text;
    if (request_.sampling.echo) {
      std::string prompt;
      if (const auto* text = std::get_if<std::string>(&choice.prompt))
        prompt = *text;
      else
        for (const model::TokenLogprob& token : choice.prompt_tokens) prompt += token.text;
      reply.text = prompt + reply.text;
    }
    reply.calls = choice.calls;
    reply.finish_reason = choice.finish_reason;
    reply.logprobs = logprobs_of(choice);
    replies.push_back(std::move(reply));
  }
  json::Object body = whole_reply(head_, replies, total_usage());
  body["steward"] = steward_body();
  call_.send_json(200, body);
}

void Turn::answer_stream() {
  open_stream();
  for (Choice& choice : choices_) end_choice_stream(choice, &choice == &choices_.back());
  if (request_.include_usage) call_.responder->write(sse(usage_chunk(head_, total_usage())));
  call_.responder->write(kSseDone);
  call_.responder->end();
}

void Turn::end_choice_stream(Choice& choice, bool last) {
  const bool replaced = !choice.asks_model || choice.stopped_by_guard;
  const bool canned = replaced && choice.finish_reason == "stop";
  // What was released stands. A refusal would not fit behind half a sentence; help for someone at risk always does.
  if (replaced && choice.sent_text.empty())
    choice.unsent_text = choice.reply;
  else if (canned)
    choice.unsent_text = "\n\n" + choice.reply;
  send_unsent(choice);
  if (request_.surface == Surface::kChat && !std::exchange(choice.role_sent, true))
    call_.responder->write(sse(role_chunk(head_, choice.index)));
  if (!choice.calls.empty()) call_.responder->write(sse(calls_chunk(head_, choice.index, choice.calls)));
  json::Object chunk = finish_chunk(head_, choice.index, choice.finish_reason);
  if (last) chunk["steward"] = steward_body();
  call_.responder->write(sse(chunk));
}

json::Value Turn::logprobs_of(const Choice& choice) const {
  if (!request_.sampling.want_logprobs) return nullptr;
  if (request_.surface == Surface::kChat) return chat_logprobs(choice.tokens);
  std::vector<model::TokenLogprob> tokens = choice.prompt_tokens;
  tokens.insert(tokens.end(), choice.tokens.begin(), choice.tokens.end());
  // Scoring clients cut off one generated entry: it is there even if the model had nothing to add.
  if (request_.sampling.echo && request_.sampling.max_tokens > 0 && choice.tokens.empty()) tokens.emplace_back();
  std::size_t offset = 0;
  return completion_logprobs(tokens, request_.sampling.logprobs, offset);
}

json::Object Turn::steward_body() const {
  json::Array decisions, findings, notices;
  policy::Action action = policy::Action::kPass;
  int rewritten = 0;
  bool review = false;
  const auto add = [&](const guard::Decision& decision) {
    decisions.push_back(json::Value(decision.id));
    action = std::max(action, decision.action);
    review |= decision.review;
    for (json::Value& finding : findings_body(decision)) findings.push_back(std::move(finding));
    for (const guard::RuledFinding& ruled : decision.findings)
      rewritten += ruled.finding.restore ? 0 : ruled.ruling.action == policy::Action::kRewrite;
  };
  for (const Choice& choice : choices_) {
    if (choice.input_decision) add(*choice.input_decision);
    if (const auto* decision = choice.output_decision()) add(*decision);
    for (const guard::Decision& decision : choice.call_decisions) add(decision);
  }
  for (const prompting::AppliedNotice& notice : notices_)
    notices.push_back(json::Object{{"id", notice.id}, {"text", notice.text}, {"when", notice.when}});
  json::Value policy = nullptr;
  if (request_.target.guard) {
    const policy::Policy& in_force = request_.target.guard->policy();
    policy = json::Object{{"id", in_force.id()}, {"version", in_force.version()}, {"digest", in_force.digest()}};
  }
  json::Object out{{"turn", id_},
                   {"state", to_string(end_state())},
                   {"action", policy::to_string(action)},
                   {"decisions", std::move(decisions)},
                   {"findings", std::move(findings)},
                   {"rewritten", rewritten},
                   {"notices", std::move(notices)},
                   {"policy", std::move(policy)},
                   {"profile", request_.target.profile},
                   {"language", context_.language}};
  if (review) out["review"] = true;
  return out;
}

model::Usage Turn::total_usage() const {
  model::Usage total;
  for (const Choice& choice : choices_) {
    if (choice.index % request_.samples == 0) {  // a prompt counts once, as OpenAI counts it
      total.prompt_tokens += choice.usage.prompt_tokens;
      total.cached_tokens += choice.usage.cached_tokens;
    }
    total.completion_tokens += choice.usage.completion_tokens;
  }
  return total;
}

}  // namespace steward::gateway
