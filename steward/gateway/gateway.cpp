#include "steward/gateway/gateway.h"

#include <array>

#include <fmt/format.h>

#include "steward/core/check.h"
#include "steward/core/ids.h"
#include "steward/gateway/routes.h"

namespace steward::gateway {
namespace {

constexpr Route kRoutes[] = {
    {"POST", "/v1/chat/completions", false, handle_chat},
    {"POST", "/v1/completions", false, handle_completions},
    {"POST", "/v1/moderations", false, handle_moderations},
    {"POST", "/contentsafety/text:analyze", false, handle_analyze_text, ErrorShape::kAzure},
    {"POST", "/contentsafety/text:shieldPrompt", false, handle_shield_prompt, ErrorShape::kAzure},
    {"GET", "/v1/models", false, handle_models},
    {"GET", "/v1/models/{id}", false, handle_model},
    {"POST", "/tokenize", false, handle_tokenize},
    {"POST", "/detokenize", false, handle_detokenize},
    {"GET", "/tokenizer_info", false, handle_tokenizer_info},
    {"GET", "/v1/notices", true, handle_notices},
    {"POST", "/v1/erasures", false, handle_erasures},
    {"GET", "/healthz", true, handle_healthz},
    {"GET", "/readyz", true, handle_readyz},
    {"GET", "/metrics", false, handle_metrics},
    {"GET", "/openapi.json", true, handle_openapi},
};

std::string allowed_methods(std::string_view path) {
  std::string out;
  for (const Route& route : kRoutes) {
    if (!matches(route, path)) continue;
    out += fmt::format("{}{}", out.empty() ? "" : ", ", route.method);
    if (route.method == "GET") out += ", HEAD";
  }
  return out.empty() ? out : out + ", OPTIONS";
}

const Route* find_route(const net::Request& request) {
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  for (const Route& route : kRoutes)
    if (route.method == method && matches(route, request.path)) return &route;
  return nullptr;
}

void answer_unrouted(Call& call) {
  const std::string allowed = call.request.path == "*" ? "GET, HEAD, POST, OPTIONS" : allowed_methods(call.request.path);
  net::Headers headers = call.headers("application/json");
  if (allowed.empty())
    return call.send_error(404, Error{ErrorCode::kNotFound, "there is no such route: GET /openapi.json lists them", ""}, headers);
  headers.add("Allow", allowed);
  if (call.request.method == "OPTIONS") return call.send(204, std::move(headers), "");
  call.send_error(405, Error{ErrorCode::kInvalidInput, fmt::format("this route answers {}", allowed), ""}, std::move(headers));
}

/// A web page may send text/plain to any address without asking; JSON it may not.
bool is_json_type(const net::Request& request) {
  const std::string* type = request.headers.find("content-type");
  if (!type) return true;
  std::string name = type->substr(0, type->find(';'));
  while (!name.empty() && name.back() == ' ') name.pop_back();
  for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return name == "application/json" || name.ends_with("+json");
}

}  // namespace

std::span<const Route> routes() { return kRoutes; }

bool matches(const Route& route, std::string_view path) {
  const std::size_t brace = route.path.find('{');
  if (brace == std::string_view::npos) return route.path == path;
  return path.size() > brace && path.substr(0, brace) == route.path.substr(0, brace);
}

Result<json::Object> read_body(const Gateway::State& state, const Call& call) {
  json::ParseLimits limits;
  limits.depth_max = static_cast<std::size_t>(state.options.json_depth_max);
  json::Value value = TRY(json::parse(call.request.body, limits));
  if (!value.is_object()) return fail(ErrorCode::kInvalidInput, "the body must be a JSON object");
  return std::move(value.as_object());
}

Gateway::Gateway(const GatewayParts& parts, const GatewayOptions& options) : state_(std::make_shared<State>(parts, options)) {
  STEWARD_CHECK(!parts.models.empty());
  STEWARD_CHECK(parts.profiles.find(options.default_profile) != nullptr);
}

Gateway::~Gateway() { state_->workers.stop(); }

void Gateway::replace_access(const AccessOptions& options) { state_->access.replace(options); }

void Gateway::set_ready(bool ready) { state_->ready = ready; }

bool Gateway::wait_idle(std::chrono::milliseconds deadline) {
  std::unique_lock lock(state_->mutex);
  return state_->idle.wait_for(lock, deadline, [this] { return state_->under_way == 0; });
}

void Gateway::handle(net::Request request, std::shared_ptr<net::Responder> responder) {
  Call call;
  call.request = std::move(request);
  call.responder = std::move(responder);
  call.metrics = state_->metrics;
  call.id = make_id("req_", state_->parts.clock);
  call.route = "none";
  const Route* route = find_route(call.request);
  if (!route) return answer_unrouted(call);
  call.route = route->path;
  call.errors = route->errors;
  if (!route->open) {
    auto principal = state_->access.identify(call.request);
    if (!principal) return call.send_error(principal.error());
    call.principal = std::move(*principal);
    int retry_after_s = 1;
    const auto taken = state_->access.take_request(call.principal, retry_after_s);
    state_->access.add_headers(call.principal, call.more_headers);
    if (!taken) return call.send_error(taken.error(), retry_after_s);
  }
  if (route->method == "POST" && !is_json_type(call.request)) {
    const Error error{ErrorCode::kInvalidInput, "send the body as 'Content-Type: application/json'", ""};
    return call.send_error(415, error, call.headers("application/json"));
  }
  route->handle(state_, std::move(call));
}

std::pair<net::Headers, std::string> http_refusal(int status, std::string_view message, const Clock& clock) {
  net::Headers headers{{"x-request-id", make_id("req_", clock)}, {"Content-Type", "application/json"}};
  if (status == 503) headers.add("Retry-After", "1");
  return {std::move(headers), json::dump(error_body(status, Error{ErrorCode::kInvalidInput, std::string(message), ""}))};
}

Result<std::unique_ptr<net::Server>> serve(Gateway& gateway, const Clock& clock, net::ServerOptions options) {
  options.refusal = [&clock](int status, std::string_view message) { return http_refusal(status, message, clock); };
  return net::Server::start(options, [&gateway](net::Request request, std::shared_ptr<net::Responder> responder) {
    gateway.handle(std::move(request), std::move(responder));
  });
}

}  // namespace steward::gateway
