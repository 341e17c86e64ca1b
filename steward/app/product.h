#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "steward/core/result.h"
#include "steward/gateway/access.h"
#include "steward/gateway/workers.h"
#include "steward/model/remote/remote_model.h"

namespace steward::app {

/// A model behind another server. Its key is read when the model is opened.
struct UpstreamConfig {
  model::RemoteOptions options;  ///< but for api_key
  std::string api_key_env;       ///< name of an environment variable, or empty
  std::string api_key_file;      ///< absolute, or empty
};

/// A LoRA adapter: a model id of its own over the same weights.
struct AdapterConfig {
  std::string id;
  std::string path;    ///< absolute
  std::string sha256;  ///< hex, or empty: not checked
  double scale = 1;
};

struct ModelConfig {
  std::string id;
  std::optional<UpstreamConfig> upstream;  ///< in place of a file; the fields from `path` to queued_requests_max are then unused
  std::string path;                        ///< absolute
  std::string sha256;                      ///< hex, or empty: not checked
  int context_tokens = 2048;               ///< per sequence
  int sequences = 4;
  int threads = 0;  ///< 0 = cores minus one, at least one
  int queued_requests_max = 32;
  double temperature = 1, top_p = 1;  ///< of requests that name none
  std::vector<AdapterConfig> adapters;
};

/// `product.yaml`: what the product is and how it is wired (docs/formats/product.md). Paths are absolute.
struct Product {
  std::string directory;
  std::string id, name, use_case, owner;
  std::vector<std::string> audience, languages, jurisdictions, goals;
  std::vector<ModelConfig> models;              ///< at least one; the first is the default
  std::map<std::string, std::string> policies;  ///< profile → policy file; "default" is always there
  std::string listen_address = "127.0.0.1";
  std::uint16_t listen_port = 8080;
  std::string ledger_path;  ///< empty: no ledger is kept
  std::string keys_dir;     ///< master.key and keys.db
  gateway::AccessOptions access;
  gateway::WorkerOptions slow_guards;
};

/// Where the distribution's own policies lie: $STEWARD_POLICIES, else beside the binary (../share/steward/policies), else the source tree.
std::string shipped_policies_dir();

/// Reads DIR/product.yaml. Errors: kInvalidInput with file:line:column; kNotFound with what to run (`steward init DIR`).
Result<Product> load_product(const std::string& directory);

/// Sets address and port from "HOST:PORT". Errors: kInvalidInput.
Result<void> set_listen(const std::string& text, Product& product);

/// Makes DIR with product.yaml, policy.yaml, prompts/ and a .gitignore. Errors: kInvalidInput if DIR already is a product.
Result<void> init_product(const std::string& directory);

}  // namespace steward::app
