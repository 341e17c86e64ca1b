#include "steward/app/product.h"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "steward/app/access_config.h"
#include "steward/app/storage_config.h"
#include "steward/app/yaml_fields.h"
#include "steward/core/files.h"
#include "steward/core/yaml.h"
#include "steward/model/model_files.h"
#include "steward/net/base_url.h"

namespace steward::app {
namespace {

namespace fs = std::filesystem;
using yaml::Node;

std::string absolute_in(const std::string& directory, const std::string& path) {
  return (fs::path(directory) / path).lexically_normal().string();  // an absolute `path` stays as it is
}

Result<std::string> find_model_file(const Node& node, const std::string& directory, const std::string& file) {
  std::vector<std::string> places = {absolute_in(directory, file), absolute_in(directory + "/models", file)};
  if (const std::string shared = model::fetched_models_dir(); !shared.empty()) places.push_back(absolute_in(shared, file));
  for (const std::string& place : places)
    if (fs::exists(place)) return place;
  return yaml::fail_at(node, fmt::format("the model file '{}' is not there; looked at {}. `make setup` fetches the default model; "
                                         "another folder is given by STEWARD_MODELS_DIR",
                                         file, fmt::join(places, ", ")));
}

Result<std::string> read_model_id(const Node& id) {
  std::string out = TRY(id.as_string());
  if (out.empty() || out.find('@') != std::string::npos)
    return yaml::fail_at(id, "a model id may not be empty or hold '@', which stands before the policy profile");
  return out;
}

Result<AdapterConfig> read_adapter(const Node& node, const std::string& directory) {
  TRY(yaml::check_keys(node, {"id", "file", "sha256", "scale"}, "an adapter"));
  AdapterConfig adapter;
  const Node* id = node.find("id");
  const Node* file = node.find("file");
  if (!id || !file) return yaml::fail_at(node, "an adapter needs `id` and `file`");
  adapter.id = TRY(read_model_id(*id));
  const std::string name = TRY(file->as_string());
  adapter.path = TRY(find_model_file(*file, directory, name));
  adapter.sha256 = TRY(text_or(node, "sha256", ""));
  adapter.scale = TRY(number_or(node, "scale", 1, -100, 100));
  return adapter;
}

Result<std::chrono::milliseconds> milliseconds_or(const Node& node, std::string_view key, std::chrono::milliseconds fallback) {
  return std::chrono::milliseconds(TRY(integer_or(node, key, static_cast<int>(fallback.count()), 1, 3'600'000)));
}

Result<UpstreamConfig> read_upstream(const Node& node, const std::string& directory) {
  TRY(yaml::check_keys(
      node,
      {"url", "model", "api_key_env", "api_key_file", "ca_file", "connections_max", "queued_requests_max", "connect_timeout_ms",
       "first_byte_timeout_ms", "idle_timeout_ms", "retries", "breaker", "license", "context_tokens"},
      "an upstream"));
  UpstreamConfig upstream;
  model::RemoteOptions& options = upstream.options;
  const Node* url = node.find("url");
  if (!url || !node.find("model")) return yaml::fail_at(node, "an upstream needs `url` and `model`, the name that it knows the model by");
  options.url = TRY(url->as_string());
  if (const auto parsed = net::parse_base_url(options.url); !parsed) return yaml::fail_at(*url, parsed.error().message);
  options.model = TRY(node.find("model")->as_string());
  upstream.api_key_env = TRY(text_or(node, "api_key_env", ""));
  upstream.api_key_file = TRY(text_or(node, "api_key_file", ""));
  if (!upstream.api_key_env.empty() && !upstream.api_key_file.empty())
    return yaml::fail_at(*node.find("api_key_file"), "api_key_env is there already: keep one of them");
  if (!upstream.api_key_file.empty()) upstream.api_key_file = absolute_in(directory, upstream.api_key_file);
  options.ca_file = TRY(text_or(node, "ca_file", ""));
  if (!options.ca_file.empty()) options.ca_file = absolute_in(directory, options.ca_file);
  options.connections_max = TRY(integer_or(node, "connections_max", options.connections_max, 1, 65'536));
  options.queued_requests_max = TRY(integer_or(node, "queued_requests_max", options.queued_requests_max, 0, 65'536));
  options.connect_timeout = TRY(milliseconds_or(node, "connect_timeout_ms", options.connect_timeout));
  options.first_byte_timeout = TRY(milliseconds_or(node, "first_byte_timeout_ms", options.first_byte_timeout));
  options.idle_timeout = TRY(milliseconds_or(node, "idle_timeout_ms", options.idle_timeout));
  options.retry.retries = TRY(integer_or(node, "retries", options.retry.retries, 0, 10));
  options.license = TRY(text_or(node, "license", options.license));
  options.context_tokens = TRY(integer_or(node, "context_tokens", 0, 0, 1 << 24));
  if (const Node* breaker = node.find("breaker")) {
    TRY(yaml::check_keys(*breaker, {"failures", "open_seconds"}, "a breaker"));
    options.breaker.failures = TRY(integer_or(*breaker, "failures", options.breaker.failures, 1, 1'000'000));
    options.breaker.open_time = std::chrono::seconds(TRY(integer_or(*breaker, "open_seconds", 10, 1, 86'400)));
  }
  return upstream;
}

Result<void> read_defaults(const Node& node, ModelConfig& model) {
  const Node* defaults = node.find("defaults");
  if (!defaults) return {};
  TRY(yaml::check_keys(*defaults, {"temperature", "top_p"}, "a model's defaults"));
  model.temperature = TRY(number_or(*defaults, "temperature", 1, 0, 2));
  model.top_p = TRY(number_or(*defaults, "top_p", 1, 0, 1));
  return {};
}

Result<void> check_model_ids(const Node& models, const Product& product) {
  std::set<std::string> seen;
  for (const ModelConfig& model : product.models) {
    bool twice = !seen.insert(model.id).second;
    for (const AdapterConfig& adapter : model.adapters) twice = !seen.insert(adapter.id).second || twice;
    if (twice) return yaml::fail_at(models, "two models or adapters have the same id: each is what clients send as `model`");
  }
  return {};
}

Result<ModelConfig> read_model(const Node& node, const std::string& directory) {
  const Node* id = node.find("id");
  const Node* file = node.find("file");
  const Node* upstream = node.find("upstream");
  if (upstream)
    TRY(yaml::check_keys(node, {"id", "upstream", "defaults"}, "a model of an upstream"));
  else
    TRY(yaml::check_keys(
        node, {"id", "file", "upstream", "sha256", "context_tokens", "sequences", "threads", "queued_requests_max", "defaults", "adapters"},
        "a model"));
  ModelConfig model;
  if (!id || (!file && !upstream)) return yaml::fail_at(node, "a model needs `id`, and `file` or `upstream`");
  model.id = TRY(read_model_id(*id));
  TRY(read_defaults(node, model));
  if (upstream) {
    model.upstream = TRY(read_upstream(*upstream, directory));
    model.upstream->options.id = model.id;
    return model;
  }
  const std::string name = TRY(file->as_string());
  model.path = TRY(find_model_file(*file, directory, name));
  model.sha256 = TRY(text_or(node, "sha256", ""));
  model.context_tokens = TRY(integer_or(node, "context_tokens", 2048, 64, 1 << 20));
  model.sequences = TRY(integer_or(node, "sequences", 4, 1, 256));
  model.threads = TRY(integer_or(node, "threads", 0, 0, 256));
  model.queued_requests_max = TRY(integer_or(node, "queued_requests_max", 32, 0, 65'536));
  if (const Node* adapters = node.find("adapters"))
    for (const Node& adapter : adapters->items) model.adapters.push_back(TRY(read_adapter(adapter, directory)));
  return model;
}

Result<void> read_policies(const Node& root, Product& product) {
  product.policies["default"] = absolute_in(product.directory, "policy.yaml");
  const Node* policies = root.find("policies");
  if (!policies) return {};
  if (!policies->is_mapping()) return yaml::fail_at(*policies, "write profiles, such as `default: policy.yaml`");
  for (const auto& [name, file] : policies->members) {
    if (name.scalar == "raw") return yaml::fail_at(name, "`raw` always means: no guard. Choose another profile name");
    const std::string path = TRY(file.as_string());
    product.policies[name.scalar] =
        path.starts_with("steward/") ? absolute_in(shipped_policies_dir(), path.substr(8) + ".yaml") : absolute_in(product.directory, path);
  }
  return {};
}

Result<void> read_slow_guards(const Node& root, Product& product) {
  const Node* slow = root.find("slow_guards");
  if (!slow) return {};
  TRY(yaml::check_keys(*slow, {"threads", "queued_requests_max"}, "slow_guards"));
  gateway::WorkerOptions& options = product.slow_guards;
  options.threads = TRY(integer_or(*slow, "threads", options.threads, 0, 256));
  options.queued_max = TRY(integer_or(*slow, "queued_requests_max", options.queued_max, 1, 65'536));
  return {};
}

Result<void> read_storage_and_access(const Node& root, Product& product) {
  const StorageConfig storage = TRY(read_storage(root, product.directory));
  product.ledger_path = storage.ledger_path;
  product.keys_dir = storage.keys_dir;
  product.access.raw_on_loopback = true;
  if (const Node* access = root.find("access")) product.access = TRY(read_access(*access));
  return {};
}

constexpr char kProductYaml[] = R"(# What the product is, and how it is wired. What it may say is decided in policy.yaml.
product:
  id: {id}
  name: {id}
  owner: you@example.org
  use_case: >-
    Say here what people use it for, and what it is not for.
  audience: [general]
  languages: [en]
  jurisdictions: [US]
  goals:
    - answers the questions it was made for
    - refuses what the policy prohibits, and little else
models:
  - {id: demo, file: SmolLM2-135M-Instruct.Q8_0.gguf, context_tokens: 2048, sequences: 4, defaults: {temperature: 0.2, top_p: 0.9}}
policies:
  default: policy.yaml
listen: 127.0.0.1:8080
)";

constexpr char kPolicyYaml[] =
    R"(# What the product may say, for whom, where. `steward policy check --product .` reads it as the server does.
policy: {id: {id}, version: 0.1.0, owner: you@example.org, extends: steward/general-assistant@1}
applies: {audience: [general], languages: [en], surfaces: [chat, completions, api]}
)";

std::string fill(std::string_view text, std::string_view id) {
  std::string out(text);
  for (auto at = out.find("{id}"); at != std::string::npos; at = out.find("{id}", at + id.size())) out.replace(at, 4, id);
  return out;
}

}  // namespace

std::string shipped_policies_dir() {
  if (const char* given = std::getenv("STEWARD_POLICIES")) return given;
  std::error_code error;
  const fs::path binary = fs::read_symlink("/proc/self/exe", error);
  const fs::path installed = binary.parent_path().parent_path() / "share/steward/policies";
  if (!error && fs::exists(installed)) return installed.string();
  return std::string(STEWARD_SOURCE_DIR) + "/policies";
}

Result<Product> load_product(const std::string& directory) {
  const std::string path = absolute_in(directory, "product.yaml");
  if (!fs::exists(path))
    return fail(ErrorCode::kNotFound,
                fmt::format("{} is no product: there is no product.yaml in it. `steward init {}` makes one", directory, directory));
  const Node root = TRY(yaml::parse_file(path));
  TRY(yaml::check_keys(root, {"product", "models", "policies", "listen", "ledger", "slow_guards", "access"}, "product.yaml"));
  Product product;
  product.directory = fs::absolute(directory).lexically_normal().string();
  const Node* about = root.find("product");
  if (!about) return yaml::fail_at(root, "product.yaml needs `product:` with at least id and use_case");
  TRY(yaml::check_keys(*about, {"id", "name", "owner", "use_case", "audience", "languages", "jurisdictions", "goals"}, "product"));
  product.id = TRY(text_or(*about, "id", ""));
  if (product.id.empty()) return yaml::fail_at(*about, "the product needs an `id`");
  product.name = TRY(text_or(*about, "name", product.id));
  product.owner = TRY(text_or(*about, "owner", ""));
  product.use_case = TRY(text_or(*about, "use_case", ""));
  product.audience = TRY(texts_or_none(*about, "audience"));
  product.languages = TRY(texts_or_none(*about, "languages"));
  product.jurisdictions = TRY(texts_or_none(*about, "jurisdictions"));
  product.goals = TRY(texts_or_none(*about, "goals"));
  const Node* models = root.find("models");
  if (!models || models->items.empty()) return yaml::fail_at(root, "product.yaml needs `models:` with at least one model");
  for (const Node& model : models->items) product.models.push_back(TRY(read_model(model, product.directory)));
  TRY(check_model_ids(*models, product));
  TRY(read_policies(root, product));
  if (const Node* listen = root.find("listen")) {
    if (auto set = set_listen(TRY(listen->as_string()), product); !set) return yaml::fail_at(*listen, set.error().message);
  }
  TRY(read_storage_and_access(root, product));
  TRY(read_slow_guards(root, product));
  return product;
}

Result<void> set_listen(const std::string& text, Product& product) {
  const auto colon = text.rfind(':');
  int port = -1;
  if (colon != std::string::npos) {
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, port);
    if (error != std::errc{} || rest != end) port = -1;
  }
  if (port < 0 || port > 65'535 || colon == 0) return fail(ErrorCode::kInvalidInput, "write an address and a port, such as 127.0.0.1:8080");
  product.listen_address = text.substr(0, colon);
  product.listen_port = static_cast<std::uint16_t>(port);
  return {};
}

Result<void> init_product(const std::string& directory) {
  const fs::path folder(directory);
  if (fs::exists(folder / "product.yaml"))
    return fail(ErrorCode::kInvalidInput, fmt::format("{} already is a product: edit its product.yaml", directory));
  std::error_code error;
  fs::create_directories(folder / "prompts", error);
  if (error) return fail(ErrorCode::kInvalidInput, fmt::format("cannot create {}: {}", directory, error.message()));
  const std::string id = fs::absolute(folder).lexically_normal().filename().string();
  TRY(write_file_atomic((folder / "product.yaml").string(), fill(kProductYaml, id.empty() ? "assistant" : id)));
  TRY(write_file_atomic((folder / "policy.yaml").string(), fill(kPolicyYaml, id.empty() ? "assistant" : id)));
  return write_file_atomic((folder / ".gitignore").string(), "/data/\n/keys/\n/models/\n");
}

}  // namespace steward::app
