#include "steward/gateway/openapi.h"
#include "steward/gateway/routes.h"
#include "steward/prompting/prompting.h"

namespace steward::gateway {
namespace {

/// The primary tag of the first language of an Accept-Language header (RFC 9110, section 12.5.4), or "und".
std::string primary_language(std::string_view header) {
  std::string out;
  for (const char c : header) {
    const char small = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    if (small < 'a' || small > 'z') break;
    out += small;
  }
  return out.size() == 2 || out.size() == 3 ? out : "und";
}

}  // namespace

void handle_notices(const StatePointer& state, Call call) {
  const std::string profile = call.request.query_value("profile").value_or(state->options.default_profile);
  const auto guard = state->parts.profiles.find(profile);
  if (!guard) return call.send_error(Error{ErrorCode::kNotFound, "there is no such profile", "profile"});
  policy::Context context;
  context.audience = state->options.audience;
  const std::string* accepted = call.request.headers.find("accept-language");
  context.language = primary_language(call.request.query_value("language").value_or(accepted ? *accepted : ""));
  if (const auto place = call.request.query_value("place"); place && *place != "unknown") {
    context.jurisdiction = read_place(*place);
    if (context.jurisdiction.empty())
      return call.send_error(Error{ErrorCode::kInvalidInput, "'place' must be two letters (ISO 3166-1) or unknown", "place"});
  }
  const std::string when = call.request.query_value("when").value_or("before_first_input");
  json::Array notices;
  for (const auto& notice : prompting::notices_for(guard->policy(), context, when))
    notices.push_back(json::Object{{"id", notice.id}, {"text", notice.text}, {"when", notice.when}});
  call.send_json(200, json::Object{{"object", "list"},
                                   {"data", std::move(notices)},
                                   {"policy", json::Object{{"id", guard->policy().id()}, {"digest", guard->policy().digest()}}},
                                   {"language", context.language},
                                   {"place", context.jurisdiction}});
}

void handle_healthz(const StatePointer&, Call call) { call.send_json(200, json::Object{{"status", "ok"}}); }

void handle_readyz(const StatePointer& state, Call call) {
  if (!state->ready) return call.send_error(Error{ErrorCode::kUnavailable, "shutting down or starting up", ""});
  if (!state->ledger_works) return call.send_error(Error{ErrorCode::kUnavailable, "the ledger does not take events", ""});
  call.send_json(200, json::Object{{"status", "ready"}});
}

void handle_metrics(const StatePointer& state, Call call) {
  net::Headers headers = call.headers("text/plain; version=0.0.4; charset=utf-8");
  call.send(200, std::move(headers), state->metrics->expose());
}

void handle_openapi(const StatePointer&, Call call) { call.send(200, call.headers("application/json"), std::string(openapi_document())); }

}  // namespace steward::gateway
