#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "steward/core/clock.h"
#include "steward/model/language_model.h"
#include "steward/model/remote/breaker.h"
#include "steward/net/client.h"

namespace steward::model {

/// Where an upstream is: "http://host:8000/v1" in its parts.
struct UpstreamUrl {
  net::ClientOptions::Security security = net::ClientOptions::Security::kPlain;
  std::string host;
  std::uint16_t port = 80;
  std::string path;  ///< "/v1", without a slash at its end
};
/// Errors: kInvalidInput for anything but http(s)://host[:port][/path]; credentials, queries and fragments are refused.
Result<UpstreamUrl> parse_upstream_url(const std::string& url);

struct RemoteOptions {
  std::string id;
  std::string url;      ///< of parse_upstream_url()
  std::string model;    ///< the upstream's name for it
  std::string api_key;  ///< empty: none is sent
  std::string license = "unknown";
  int context_tokens = 0;  ///< 0: unknown
  std::string ca_file;     ///< of https; empty: the system's authorities
  int connections_max = 64;
  int queued_requests_max = 64;
  std::size_t reply_bytes_max = std::size_t{16} << 20;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds first_byte_timeout{60'000};
  std::chrono::milliseconds idle_timeout{30'000};
  int retries = 2;                                   ///< before the first byte, of failed connections, 429, 502 and 503
  std::chrono::milliseconds backoff{100};            ///< before the first retry, doubled for each; give or take a half
  std::chrono::milliseconds retry_after_max{5'000};  ///< a server that asks for longer is not asked again
  Breaker::Options breaker;
};

/// A model behind an OpenAI-compatible server. The clock, which outlives it, is the breaker's. Errors: kInvalidInput for url and ca_file.
Result<std::unique_ptr<LanguageModel>> open_remote(const RemoteOptions& options, const Clock& clock);

}  // namespace steward::model
