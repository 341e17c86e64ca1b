#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "steward/core/json.h"
#include "steward/core/result.h"
#include "steward/gateway/access.h"
#include "steward/gateway/metrics.h"
#include "steward/net/http.h"

namespace steward::gateway {

enum class ErrorShape { kOpenAi, kAzure };

/// One request under way, and the ways to answer it. Moved along to whoever answers.
struct Call {
  net::Request request;
  std::shared_ptr<net::Responder> responder;
  std::shared_ptr<Metrics> metrics;  // shared with turns that outlive their request
  std::string id;                    ///< x-request-id
  std::string_view route;            ///< of the closed table of routes, for metrics
  ErrorShape errors = ErrorShape::kOpenAi;
  Principal principal;
  net::Headers more_headers;  ///< of every answer to it, beside those that all have

  /// Headers that every answer has.
  net::Headers headers(std::string_view content_type) const;
  void send(int status, net::Headers headers, std::string body);
  void send_json(int status, const json::Value& value);
  /// The error in the route's shape. `param` of a context overflow becomes its code, as clients look for it there.
  void send_error(const Error& error, int retry_after_s = 1);
  void send_error(int status, const Error& error, net::Headers headers);
  void begin_stream();
};

/// {"error": {"message", "type", "param", "code"}}
json::Object error_body(int status, const Error& error);
/// The code of an error of Azure's services; {"error": {"code", "message", "target"}}.
std::string_view azure_code(int status);
json::Object azure_error_body(int status, const Error& error);

}  // namespace steward::gateway
