#include <algorithm>

#include <fmt/format.h>

#include "steward/core/utf8.h"
#include "steward/gateway/routes.h"
#include "steward/gateway/turn_request.h"

namespace steward::gateway {
namespace {

json::Object model_body(const Gateway::State& state, const model::ModelRecord& record, const std::string& profile, bool named) {
  json::Object steward{{"profile", profile}, {"context_length", record.context_length}, {"license", record.license}};
  if (const auto guard = state.parts.profiles.find(profile))
    steward["policy"] =
        json::Object{{"id", guard->policy().id()}, {"version", guard->policy().version()}, {"digest", guard->policy().digest()}};
  else
    steward["policy"] = nullptr;
  return json::Object{{"id", named ? fmt::format("{}@{}", record.id, profile) : record.id},
                      {"object", "model"},
                      {"created", state.started_us / 1'000'000},
                      {"owned_by", "steward"},
                      {"steward", std::move(steward)}};
}

/// The ids that this principal may use.
json::Array list_models(const Gateway::State& state, const Principal& principal) {
  json::Array out;
  const auto add = [&](const model::ModelRecord& record, const std::string& profile, bool named) {
    json::Object body = model_body(state, record, profile, named);
    if (principal.may_use(body.at("id").as_string())) out.push_back(std::move(body));
  };
  for (const model::LanguageModel* model : state.parts.models) {
    add(model->record(), state.options.default_profile, false);
    for (const std::string& profile : state.parts.profiles.names()) add(model->record(), profile, true);
    if (principal.may_raw) add(model->record(), std::string(kRawProfile), true);
  }
  return out;
}

/// The model that a body names, or the first one.
Result<model::LanguageModel*> choose_model(const Gateway::State& state, const Principal& principal, const json::Object& body) {
  const auto id = TRY(json::get_string(body, "model"));
  if (!id) return state.parts.models.front();
  if (!principal.may_use(*id)) return fail(ErrorCode::kNotFound, "no such model: GET /v1/models lists the ids", "model");
  for (model::LanguageModel* model : state.parts.models)
    if (*id == model->record().id || id->starts_with(model->record().id + "@")) return model;
  return fail(ErrorCode::kNotFound, "no such model: GET /v1/models lists the ids", "model");
}

Result<json::Object> tokenize(const Gateway::State& state, const Call& call) {
  const json::Object body = TRY(read_body(state, call));
  model::LanguageModel* model = TRY(choose_model(state, call.principal, body));
  const auto prompt = TRY(json::get_string(body, "prompt"));
  if (!prompt) return fail(ErrorCode::kInvalidInput, "'prompt' must be a string", "prompt");
  if (prompt->size() > state.options.text_bytes_max) return fail(ErrorCode::kTooLarge, "'prompt' is too long", "prompt");
  const bool add_special = TRY(json::get_bool(body, "add_special_tokens")).value_or(true);
  // Clients ask for the id of the end-of-text token by its text; a turn never reads text this way.
  const auto tokens = TRY(model->tokenize(*prompt, add_special, true));
  return json::Object{
      {"tokens", json::Array(tokens.begin(), tokens.end())}, {"count", tokens.size()}, {"max_model_len", model->record().context_length}};
}

Result<json::Object> detokenize(const Gateway::State& state, const Call& call) {
  const json::Object body = TRY(read_body(state, call));
  model::LanguageModel* model = TRY(choose_model(state, call.principal, body));
  const json::Array* array = TRY(json::get_array(body, "tokens"));
  if (!array) return fail(ErrorCode::kInvalidInput, "'tokens' must be an array of token ids", "tokens");
  const auto tokens = TRY(read_tokens(*array, "tokens"));
  return json::Object{{"prompt", repair_utf8(TRY(model->detokenize(tokens)))}};
}

void answer(Call& call, const Result<json::Object>& result) { result ? call.send_json(200, *result) : call.send_error(result.error()); }

}  // namespace

void handle_models(const StatePointer& state, Call call) {
  call.send_json(200, json::Object{{"object", "list"}, {"data", list_models(*state, call.principal)}});
}

void handle_model(const StatePointer& state, Call call) {
  const std::string id = call.request.path.substr(std::string_view("/v1/models/").size());
  for (json::Value& model : list_models(*state, call.principal))
    if (model.as_object()["id"].as_string() == id) return call.send_json(200, model);
  call.send_error(Error{ErrorCode::kNotFound, "no such model: GET /v1/models lists the ids", "model"});
}

void handle_tokenize(const StatePointer& state, Call call) { answer(call, tokenize(*state, call)); }
void handle_detokenize(const StatePointer& state, Call call) { answer(call, detokenize(*state, call)); }

void handle_tokenizer_info(const StatePointer& state, Call call) {
  const model::LanguageModel& model = *state->parts.models.front();
  // An upstream's model has no tokeniser here: an empty answer would look like one.
  if (const auto probe = model.tokenize("", false, false); !probe) return call.send_error(probe.error());
  const model::TokenizerInfo info = model.tokenizer_info();
  const auto text = [](const std::string& token) { return token.empty() ? json::Value(nullptr) : json::Value(token); };
  call.send_json(200, json::Object{{"eos_token", text(info.eos_token)},
                                   {"bos_token", text(info.bos_token)},
                                   {"pad_token", text(info.pad_token)},
                                   {"chat_template", text(info.chat_template)}});
}

}  // namespace steward::gateway
