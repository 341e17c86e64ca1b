#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "steward/core/ids.h"
#include "steward/gateway/reply.h"
#include "steward/gateway/routes.h"
#include "steward/gateway/text_check.h"

namespace steward::gateway {
namespace {

constexpr std::size_t kInputsMax = 256;
constexpr std::string_view kOpenAiCategories[] = {
    "harassment",       "harassment/threatening", "hate",   "hate/threatening", "illicit",  "illicit/violent", "self-harm",
    "self-harm/intent", "self-harm/instructions", "sexual", "sexual/minors",    "violence", "violence/graphic"};

struct Moderation {
  TextCheck check;
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

Result<Moderation> read_moderation(const Gateway::State& state, const Call& call) {
  const json::Object body = TRY(read_body(state, call));
  Moderation out;
  out.check = TRY(read_text_check(state, call, body));
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
  return out;
}

json::Object result_body(const Gateway::State& state, const guard::Decision& decision) {
  std::map<std::string, std::pair<bool, double>> categories;
  for (const std::string_view name : kOpenAiCategories) categories[std::string(name)] = {false, 0.0};
  bool flagged = decision.failed_closed;
  for (const guard::RuledFinding& ruled : decision.findings) {
    flagged |= flags(ruled);
    if (!state.parts.codes) continue;
    for (const std::string& name : state.parts.codes("openai", ruled.finding.category, ruled.finding.subtype)) {
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

}  // namespace

void handle_moderations(const StatePointer& state, Call call) {
  auto moderation = read_moderation(*state, call);
  if (!moderation) return call.send_error(moderation.error());
  const std::string model_id = moderation->check.target.model_id;
  std::vector<guard::Message> texts;
  for (std::string& input : moderation->inputs) texts.push_back({moderation->check.role, std::move(input)});
  judge_texts(state, std::move(call), moderation->check, std::move(texts),
              [state, model_id](Call back, const std::vector<guard::Decision>& decisions) {
                json::Array results;
                for (const guard::Decision& decision : decisions) results.push_back(result_body(*state, decision));
                const std::string body = json::dump(
                    json::Object{{"id", make_id("modr-", state->parts.clock)}, {"model", model_id}, {"results", std::move(results)}});
                record_checks(state, std::move(back), {"moderations", decisions},
                              [body](Call& recorded) { recorded.send(200, recorded.headers("application/json"), body); });
              });
}

}  // namespace steward::gateway
