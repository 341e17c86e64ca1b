#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "steward/core/ids.h"
#include "steward/gateway/checks.h"
#include "steward/gateway/reply.h"
#include "steward/gateway/routes.h"
#include "steward/gateway/turn_request.h"

namespace steward::gateway {
namespace {

constexpr std::size_t kInputsMax = 256;
constexpr std::string_view kOpenAiCategories[] = {
    "harassment",       "harassment/threatening", "hate",   "hate/threatening", "illicit",  "illicit/violent", "self-harm",
    "self-harm/intent", "self-harm/instructions", "sexual", "sexual/minors",    "violence", "violence/graphic"};

struct Moderation {
  Target target;
  policy::Context context;
  policy::Direction direction = policy::Direction::kInput;
  std::vector<std::string> inputs;
};

Result<std::string> read_input(const json::Value& value) {
  if (const auto* text = value.if_string()) return std::string(text->data(), text->size());
  const auto* part = value.if_object();
  if (!part || TRY(json::get_string(*part, "type")) != "text")
    return fail(ErrorCode::kInvalidInput, "'input' must be a string or an array of strings or text parts: images are not supported yet",
                "input");
  const auto text = TRY(json::get_string(*part, "text"));
  if (!text) return fail(ErrorCode::kInvalidInput, "a text part of 'input' lacks its 'text'", "input");
  return *text;
}

/// "steward" and OpenAI's own names mean the first model; a profile may stand behind any of them.
Result<Target> read_moderation_target(const Gateway::State& state, const Call& call, const json::Object& body) {
  const std::string& first = state.parts.models.front()->record().id;
  std::string id = TRY(json::get_string(body, "model")).value_or(first);
  if (id.starts_with("omni-moderation") || id.starts_with("text-moderation") || id == "steward") id = first;
  Target target = TRY(choose_target(state.parts, state.options, call.principal, id));
  if (!target.guard) return fail(ErrorCode::kInvalidInput, "the profile 'raw' has no guard to ask", "model");
  return target;
}

Result<Moderation> read_moderation(const Gateway::State& state, const Call& call) {
  const json::Object body = TRY(read_body(state, call));
  Moderation out;
  out.target = TRY(read_moderation_target(state, call, body));
  const std::string direction = TRY(json::get_string(body, "direction")).value_or("input");
  if (direction != "input" && direction != "output")
    return fail(ErrorCode::kInvalidInput, "'direction' must be input or output", "direction");
  out.direction = direction == "input" ? policy::Direction::kInput : policy::Direction::kOutput;
  const json::Value* input = body.if_contains("input");
  if (!input || input->is_null()) return fail(ErrorCode::kInvalidInput, "'input' is missing", "input");
  if (const auto* list = input->if_array()) {
    if (list->empty() || list->size() > kInputsMax)
      return fail(ErrorCode::kInvalidInput, fmt::format("'input' must hold 1 to {} texts", kInputsMax), "input");
    for (const json::Value& item : *list) out.inputs.push_back(TRY(read_input(item)));
  } else {
    out.inputs.push_back(TRY(read_input(*input)));
  }
  std::size_t bytes = 0;
  for (const std::string& text : out.inputs) bytes += text.size();
  if (bytes > state.options.text_bytes_max) return fail(ErrorCode::kTooLarge, "'input' is too long", "input");
  out.context.audience = state.options.audience;
  out.context.age_band = call.principal.age_band;
  out.context.jurisdiction = call.principal.jurisdiction;
  out.context.surface = "api";
  return out;
}

/// A finding that asks for something to be done, other than a canned reply's or an honest answer's.
bool flags(const guard::RuledFinding& ruled) {
  return ruled.ruling.supportive || ruled.ruling.violation || (ruled.ruling.action > policy::Action::kLog && ruled.finding.severity > 0);
}

json::Object result_body(const Gateway::State& state, const guard::Decision& decision) {
  std::map<std::string, std::pair<bool, double>> categories;
  for (const std::string_view name : kOpenAiCategories) categories[std::string(name)] = {false, 0.0};
  bool flagged = decision.failed_closed;
  for (const guard::RuledFinding& ruled : decision.findings) {
    flagged |= flags(ruled);
    if (!state.parts.openai_categories) continue;
    for (const std::string& name : state.parts.openai_categories(ruled.finding.category, ruled.finding.subtype)) {
      const auto found = categories.find(name);
      if (found == categories.end()) continue;
      found->second.first |= flags(ruled);
      found->second.second = std::max(found->second.second, ruled.finding.score);
    }
  }
  json::Object flags_body, scores, types;
  for (const auto& [name, value] : categories) {
    flags_body[name] = value.first;
    scores[name] = value.second;
    types[name] = value.second > 0 ? json::Array{"text"} : json::Array{};
  }
  json::Array filters;
  for (const guard::ScanRecord& record : decision.scanned)
    filters.push_back(json::Object{{"filter", record.filter}, {"version", record.version}, {"skipped", record.skipped}});
  return json::Object{{"flagged", flagged},
                      {"categories", std::move(flags_body)},
                      {"category_scores", std::move(scores)},
                      {"category_applied_input_types", std::move(types)},
                      {"steward", json::Object{{"decision", decision.id},
                                               {"action", policy::to_string(decision.action)},
                                               {"review", decision.review},
                                               {"supportive", decision.supportive},
                                               {"findings", findings_body(decision)},
                                               {"filters", std::move(filters)},
                                               {"policy", json::Object{{"id", decision.policy_id}, {"digest", decision.policy_digest}}}}}};
}

/// Records the decisions, then gives them.
void answer(const StatePointer& state, Call call, const std::string& model_id, const std::vector<guard::Decision>& decisions) {
  json::Array results;
  std::vector<ledger::Event> events;
  for (const guard::Decision& decision : decisions) {
    state->metrics->decision(policy::to_string(decision.direction), policy::to_string(decision.action));
    results.push_back(result_body(*state, decision));
    ledger::Event event;
    event.id = make_uuid7(state->parts.clock);
    event.time_us = state->parts.clock.now_us();
    event.kind = "decision";
    event.meta = guard::to_json(decision);
    event.meta["surface"] = "moderations";
    event.meta["request"] = call.id;
    event.meta["tenant"] = call.principal.tenant;
    events.push_back(std::move(event));
  }
  const std::string body =
      json::dump(json::Object{{"id", make_id("modr-", state->parts.clock)}, {"model", model_id}, {"results", std::move(results)}});
  auto shared = std::make_shared<Call>(std::move(call));  // shared with the callback, which a std::function must be able to copy
  state->parts.ledger.append(std::move(events), [state, shared, body](const Result<void>& result) {
    state->ledger_works = result.has_value();
    if (result) return shared->send(200, shared->headers("application/json"), body);
    state->metrics->ledger_failure();
    shared->send_error(Error{ErrorCode::kUnavailable, "this decision could not be recorded: try again later", ""});
  });
}

}  // namespace

void handle_moderations(const StatePointer& state, Call call) {
  auto moderation = read_moderation(*state, call);
  if (!moderation) return call.send_error(moderation.error());
  const auto asked = std::make_shared<const Moderation>(*std::move(moderation));  // shared by the checks and the answer
  Checks checks{asked->target.guard, asked->inputs.size(),
                [asked](std::size_t i) { return asked->target.guard->check_text(asked->context, asked->direction, asked->inputs[i]); }};
  run_checks(state, std::move(call), std::move(checks), [state, asked](Call back, const std::vector<guard::Decision>& decisions) {
    answer(state, std::move(back), asked->target.model_id, decisions);
  });
}

}  // namespace steward::gateway
