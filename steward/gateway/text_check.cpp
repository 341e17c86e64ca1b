#include "steward/gateway/text_check.h"

#include <utility>

#include "steward/core/ids.h"
#include "steward/gateway/checks.h"

namespace steward::gateway {

void judge_texts(const StatePointer& state, Call call, const TextCheck& check, std::vector<guard::Message> texts,
                 std::function<void(Call, std::vector<guard::Decision>)> then) {
  const auto asked =
      std::make_shared<const std::pair<TextCheck, std::vector<guard::Message>>>(check, std::move(texts));  // shared by the checks
  Checks checks{check.target.guard, asked->second.size(), [asked](std::size_t i) {
                  const TextCheck& one = asked->first;
                  return one.target.guard->check_text(one.context, one.direction, asked->second[i]);
                }};
  run_checks(state, std::move(call), std::move(checks), [state, then = std::move(then)](Call back, std::vector<guard::Decision> decisions) {
    for (const guard::Decision& decision : decisions)
      state->metrics->decision(policy::to_string(decision.direction), policy::to_string(decision.action));
    then(std::move(back), std::move(decisions));
  });
}

Result<TextCheck> read_text_check(const Gateway::State& state, const Call& call, const json::Object& body) {
  const std::string& first = state.parts.models.front()->record().id;
  std::string id = TRY(json::get_string(body, "model")).value_or(first);
  if (id.starts_with("omni-moderation") || id.starts_with("text-moderation") || id == "steward") id = first;
  TextCheck out;
  out.target = TRY(choose_target(state.parts, state.options, call.principal, id));
  if (!out.target.guard) return fail(ErrorCode::kInvalidInput, "the profile 'raw' has no guard to ask", "model");
  const std::string direction = TRY(json::get_string(body, "direction")).value_or("input");
  if (direction != "input" && direction != "output")
    return fail(ErrorCode::kInvalidInput, "'direction' must be input or output", "direction");
  out.direction = direction == "input" ? policy::Direction::kInput : policy::Direction::kOutput;
  const std::string own = out.direction == policy::Direction::kInput ? "user" : "assistant";
  out.role = TRY(json::get_string(body, "role")).value_or(own);
  if (out.role != own && (out.role != "tool" || own != "user"))
    return fail(ErrorCode::kInvalidInput, "'role' must be user or tool on input, and assistant on output", "role");
  out.context.audience = state.options.audience;
  out.context.age_band = call.principal.age_band;
  out.context.jurisdiction = call.principal.jurisdiction;
  out.context.surface = "api";
  return out;
}

bool flags(const guard::RuledFinding& ruled) {
  return ruled.ruling.supportive || ruled.ruling.violation || (ruled.ruling.action > policy::Action::kLog && ruled.finding.severity > 0);
}

void record_checks(const StatePointer& state, Call call, const CheckedTexts& checked, std::function<void(Call& call)> answer) {
  std::vector<ledger::Event> events;
  for (const guard::Decision& decision : checked.decisions) {
    ledger::Event event;
    event.id = make_uuid7(state->parts.clock);
    event.time_us = state->parts.clock.now_us();
    event.kind = "decision";
    event.meta = guard::to_json(decision);
    event.meta["surface"] = checked.surface;
    event.meta["request"] = call.id;
    event.meta["tenant"] = call.principal.tenant;
    events.push_back(std::move(event));
  }
  auto shared = std::make_shared<Call>(std::move(call));  // shared with the callback, which a std::function must be able to copy
  state->parts.ledger.append(std::move(events), [state, shared, answer = std::move(answer)](const Result<void>& result) {
    state->ledger_works = result.has_value();
    if (result) return answer(*shared);
    state->metrics->ledger_failure();
    shared->send_error(Error{ErrorCode::kUnavailable, "this decision could not be recorded: try again later", ""});
  });
}

}  // namespace steward::gateway
