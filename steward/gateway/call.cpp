#include "steward/gateway/call.h"

namespace steward::gateway {
namespace {

std::string_view error_type(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 429:
      return "rate_limit_error";
    default:
      return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

json::Value error_code(int status, const Error& error) {
  if (error.param == "context_length_exceeded") return "context_length_exceeded";
  switch (status) {
    case 400:
      return nullptr;
    case 401:
      return "invalid_api_key";
    case 403:
      return "permission_denied";
    case 404:
      return error.param == "model" ? "model_not_found" : "not_found";
    case 405:
      return "method_not_allowed";
    case 408:
      return "request_timeout";
    case 413:
      return "request_too_large";
    case 415:
      return "unsupported_media_type";
    case 429:
      return "rate_limit_exceeded";
    case 503:
      return "unavailable";
    case 504:
      return "deadline_exceeded";
    default:
      return status >= 500 ? json::Value("internal_error") : json::Value(nullptr);
  }
}

}  // namespace

json::Object error_body(int status, const Error& error) {
  json::Value param = nullptr;
  if (!error.param.empty() && error.param != "context_length_exceeded") param = error.param;
  return json::Object{
      {"error",
       json::Object{{"message", error.message}, {"type", error_type(status)}, {"param", param}, {"code", error_code(status, error)}}}};
}

std::string_view azure_code(int status) {
  switch (status) {
    case 400:
      return "InvalidRequestBody";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "NotFound";
    case 413:
      return "RequestTooLarge";
    case 415:
      return "UnsupportedMediaType";
    case 429:
      return "TooManyRequests";
    case 503:
      return "ServerBusy";
    default:
      return status >= 500 ? "InternalError" : "BadRequest";
  }
}

json::Object azure_error_body(int status, const Error& error) {
  json::Object inner{{"code", azure_code(status)}, {"message", error.message}};
  if (!error.param.empty()) inner["target"] = error.param;
  return json::Object{{"error", std::move(inner)}};
}

net::Headers Call::headers(std::string_view content_type) const {
  net::Headers out{{"x-request-id", id}, {"Content-Type", std::string(content_type)}, {"X-Content-Type-Options", "nosniff"}};
  for (const auto& [name, value] : more_headers.fields()) out.add(name, value);
  if (principal.loopback_without_key) out.add("x-steward-access", "loopback-without-key");
  return out;
}

void Call::send(int status, net::Headers out, std::string body) {
  metrics->request(route, status);
  responder->send(status, std::move(out), std::move(body));
}

void Call::send_json(int status, const json::Value& value) { send(status, headers("application/json"), json::dump(value)); }

void Call::send_error(const Error& error, int retry_after_s) {
  const int status = http_status(error.code);
  net::Headers out = headers("application/json");
  if (status == 429 || status == 503) out.add("Retry-After", std::to_string(retry_after_s));
  if (status == 401) out.add("WWW-Authenticate", "Bearer");
  send_error(status, error, std::move(out));
}

void Call::send_error(int status, const Error& error, net::Headers out) {
  if (errors == ErrorShape::kOpenAi) return send(status, std::move(out), json::dump(error_body(status, error)));
  out.add("x-ms-error-code", std::string(azure_code(status)));
  send(status, std::move(out), json::dump(azure_error_body(status, error)));
}

void Call::begin_stream() {
  metrics->request(route, 200);
  net::Headers out = headers("text/event-stream; charset=utf-8");
  out.add("Cache-Control", "no-cache");
  out.add("X-Accel-Buffering", "no");
  responder->begin_stream(200, std::move(out));
}

}  // namespace steward::gateway
