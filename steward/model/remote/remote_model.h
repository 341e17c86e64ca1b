#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "steward/core/clock.h"
#include "steward/model/language_model.h"
#include "steward/net/breaker.h"
#include "steward/net/client.h"
#include "steward/net/retry.h"

namespace steward::model {

struct RemoteOptions {
  std::string id;
  std::string url;      ///< of net::parse_base_url()
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
  net::RetryOptions retry;  ///< before the first byte
  net::Breaker::Options breaker;
};

/// A model behind an OpenAI-compatible server. The clock, which outlives it and is a steady one, is the breaker's. Errors: kInvalidInput
/// for url and ca_file.
Result<std::unique_ptr<LanguageModel>> open_remote(const RemoteOptions& options, const Clock& clock);

}  // namespace steward::model
