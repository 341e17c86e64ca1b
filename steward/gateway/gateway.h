#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "steward/core/clock.h"
#include "steward/core/hash.h"
#include "steward/core/result.h"
#include "steward/gateway/access.h"
#include "steward/gateway/profiles.h"
#include "steward/gateway/workers.h"
#include "steward/guard/conversation.h"
#include "steward/ledger/ledger.h"
#include "steward/model/language_model.h"
#include "steward/net/server.h"

namespace steward::gateway {

class Metrics;

/// What a gateway works with. Everything outlives it.
struct GatewayParts {
  std::vector<model::LanguageModel*> models;  ///< at least one; the first answers /tokenize and its kin
  Profiles& profiles;                         ///< must hold options.default_profile
  ledger::Ledger& ledger;
  guard::Conversations& conversations;
  const Clock& clock;
  /// Codes of a scheme of the crosswalk ("openai", "azure", "azure_shield") for one of our categories and its subtype; may be empty.
  std::function<std::vector<std::string>(std::string_view scheme, std::string_view category, std::string_view subtype)> codes;
};

struct GatewayOptions {
  Key secret{};  ///< makes the pseudonyms of end users and conversations
  AccessOptions access;
  std::string default_profile = "default";
  std::string audience = "general";
  std::chrono::milliseconds turn_deadline{120'000};
  std::size_t messages_max = 2048;
  std::size_t text_bytes_max = std::size_t{4} << 20;  ///< of all messages or prompts of one request
  std::size_t prompts_max = 256;                      ///< of one /v1/completions request
  int samples_max = 16;                               ///< `n` of one request
  int generations_in_flight_max = 4;                  ///< of one request
  int json_depth_max = 32;
  WorkerOptions workers;
  std::map<std::string, model::Sampling> sampling_defaults;  ///< by model id; others have OpenAI's
};

/// The OpenAI-compatible routes over models, guards and ledger (docs/api.md). Thread-safe.
class Gateway {
 public:
  Gateway(const GatewayParts& parts, const GatewayOptions& options);
  /// Blocks until no worker runs a filter any more.
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  /// A net::Handler. Turns that are under way keep what they need of the gateway; stop the server before destroying it, and
  /// wait for idle().
  void handle(net::Request request, std::shared_ptr<net::Responder> responder);
  /// Other API keys from the next request on.
  void replace_access(const AccessOptions& options);
  /// Once false, /readyz answers 503, so that load balancers send nothing more.
  void set_ready(bool ready);
  /// Blocks until no turn, check or erasure is under way, for at most `deadline`. False if some still are.
  bool wait_idle(std::chrono::milliseconds deadline);

  struct State;

 private:
  std::shared_ptr<State> state_;  // shared with turns whose client has left
};

/// The error body of the API around what the HTTP server refuses by itself.
std::pair<net::Headers, std::string> http_refusal(int status, std::string_view message, const Clock& clock);

/// Serves `gateway`: wires its handler and its error shape into a server. The gateway outlives the server.
Result<std::unique_ptr<net::Server>> serve(Gateway& gateway, const Clock& clock, net::ServerOptions options);

}  // namespace steward::gateway
