#pragma once

#include <cstdint>
#include <string>

#include "steward/core/result.h"
#include "steward/net/client.h"

namespace steward::net {

/// Where a server's API is: "http://host:8000/v1" in its parts.
struct BaseUrl {
  ClientOptions::Security security = ClientOptions::Security::kPlain;
  std::string host;
  std::uint16_t port = 80;
  std::string path;  ///< "/v1", without a slash at its end
};
/// Errors: kInvalidInput for anything but http(s)://host[:port][/path]; credentials, queries and fragments are refused.
Result<BaseUrl> parse_base_url(const std::string& url);

}  // namespace steward::net
