#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "steward/gateway/call.h"
#include "steward/gateway/state.h"

namespace steward::gateway {

using StatePointer = std::shared_ptr<Gateway::State>;

struct Route {
  std::string_view method;
  std::string_view path;  ///< a trailing "{id}" takes the rest of the path
  bool open = false;      ///< answers without a key
  void (*handle)(const StatePointer& state, Call call);
  ErrorShape errors = ErrorShape::kOpenAi;
};

/// Every route, in the order of docs/api.md.
std::span<const Route> routes();
bool matches(const Route& route, std::string_view path);

/// The JSON object of a POST. Errors: kInvalidInput for anything else.
Result<json::Object> read_body(const Gateway::State& state, const Call& call);

void handle_chat(const StatePointer& state, Call call);
void handle_completions(const StatePointer& state, Call call);
void handle_moderations(const StatePointer& state, Call call);
void handle_analyze_text(const StatePointer& state, Call call);
void handle_shield_prompt(const StatePointer& state, Call call);
void handle_models(const StatePointer& state, Call call);
void handle_model(const StatePointer& state, Call call);
void handle_tokenize(const StatePointer& state, Call call);
void handle_detokenize(const StatePointer& state, Call call);
void handle_tokenizer_info(const StatePointer& state, Call call);
void handle_notices(const StatePointer& state, Call call);
void handle_erasures(const StatePointer& state, Call call);
void handle_healthz(const StatePointer& state, Call call);
void handle_readyz(const StatePointer& state, Call call);
void handle_metrics(const StatePointer& state, Call call);
void handle_openapi(const StatePointer& state, Call call);

}  // namespace steward::gateway
