#include "steward/app/product.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "steward/app/models.h"
#include "steward/app/profiles.h"
#include "steward/app/storage.h"
#include "steward/core/files.h"

namespace steward::app {
namespace {

namespace fs = std::filesystem;

class ProductFile : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::path(::testing::TempDir()).parent_path().string() + "/product-" + std::to_string(::getpid());
    fs::remove_all(directory_);
    fs::create_directories(directory_);
    ASSERT_TRUE(write_file_atomic(directory_ + "/m.gguf", "x"));
  }
  void TearDown() override { fs::remove_all(directory_); }
  Result<Product> load(const std::string& text) const {
    EXPECT_TRUE(write_file_atomic(directory_ + "/product.yaml", text));
    return load_product(directory_);
  }
  /// The error of product.yaml without its folder, or "".
  std::string error(const std::string& text) const {
    const auto loaded = load(text);
    if (loaded) return "";
    std::string message = loaded.error().message;
    if (const auto at = message.find(directory_ + "/"); at == 0) message.erase(0, directory_.size() + 1);
    return message;
  }
  std::string directory_;
};

constexpr char kGood[] = "product: {id: shop}\nmodels:\n  - {id: m, file: m.gguf}\n";

TEST_F(ProductFile, DefaultsAreThoseOfItsDocumentation) {
  const auto product = load(kGood);
  ASSERT_TRUE(product) << product.error().message;
  EXPECT_EQ(product->name, "shop");
  EXPECT_EQ(product->models[0].context_tokens, 2048);
  EXPECT_EQ(product->models[0].sequences, 4);
  EXPECT_EQ(product->models[0].temperature, 1);
  EXPECT_EQ(product->policies.at("default"), directory_ + "/policy.yaml");
  EXPECT_EQ(product->listen_address, "127.0.0.1");
  EXPECT_EQ(product->listen_port, 8080);
  EXPECT_EQ(product->ledger_path, directory_ + "/data/ledger.db");
  EXPECT_TRUE(product->access.raw_on_loopback);
  EXPECT_EQ(product->slow_guards.threads, 0);
  EXPECT_EQ(product->slow_guards.queued_max, 256);
}

TEST_F(ProductFile, SaysWhereSlowGuardsRun) {
  const auto product = load(std::string(kGood) + "slow_guards: {threads: 3, queued_requests_max: 9}\n");
  ASSERT_TRUE(product) << product.error().message;
  EXPECT_EQ(product->slow_guards.threads, 3);
  EXPECT_EQ(product->slow_guards.queued_max, 9);
  EXPECT_NE(error(std::string(kGood) + "slow_guards: {queued_requests_max: 0}\n"), "");
}

TEST_F(ProductFile, MayKeepNoLedger) {
  const auto product = load(std::string(kGood) + "ledger: {database: none}\n");
  ASSERT_TRUE(product) << product.error().message;
  EXPECT_EQ(product->ledger_path, "");
  EXPECT_EQ(product->keys_dir, directory_ + "/keys") << "pseudonyms need the master key all the same";
  const auto ledger = open_ledger(*product, Key{});
  ASSERT_TRUE(ledger) << ledger.error().message;
  EXPECT_FALSE((*ledger)->keeps_events());
  EXPECT_TRUE((*ledger)->append_sync({ledger::Event{}}));
  EXPECT_TRUE((*ledger)->read({})->empty());
  EXPECT_FALSE((*ledger)->erase({}));
  const auto reading = open_ledger_read_only(*product);
  ASSERT_FALSE(reading);
  EXPECT_NE(reading.error().message.find("keeps no ledger"), std::string::npos);
  EXPECT_FALSE(fs::exists(directory_ + "/data"));
}

TEST_F(ProductFile, ReadsEverything) {
  const auto product = load(std::string(kGood) +
                            "policies: {default: p.yaml, teen: steward/teen}\nlisten: '[::1]:9'\nledger: {database: /x/l.db}\n"
                            "access: {raw_on_loopback: false, keys: [{sha256: " +
                            std::string(64, 'a') + ", tenant: t, age_band: 18+, permissions: [raw], requests_per_minute: 7}]}\n");
  ASSERT_TRUE(product) << product.error().message;
  EXPECT_EQ(product->policies.at("default"), directory_ + "/p.yaml");
  EXPECT_TRUE(product->policies.at("teen").ends_with("/policies/teen.yaml"));
  EXPECT_EQ(product->listen_port, 9);
  EXPECT_EQ(product->ledger_path, "/x/l.db");
  EXPECT_FALSE(product->access.raw_on_loopback);
  EXPECT_EQ(product->access.keys[0].limits.requests_per_minute, 7);
}

TEST_F(ProductFile, KeysTakeTheRightsOfTheirRole) {
  const std::string a(64, 'a'), b(64, 'b');
  const auto product = load(std::string(kGood) +
                            "access:\n"
                            "  roles: {tester: {permissions: [raw], models: ['m@*'], tokens_per_minute: 100, concurrent_turns: 2}}\n"
                            "  per_user: {requests_per_minute: 4}\n"
                            "  keys:\n"
                            "    - {sha256: " +
                            a +
                            ", name: a, role: tester, tokens_per_minute: 50, expires: 2027-01-31}\n"
                            "    - {sha256: " +
                            b + ", name: b}\n");
  ASSERT_TRUE(product) << product.error().message;
  const gateway::ApiKey& key = product->access.keys[0];
  EXPECT_EQ(key.permissions, std::set<std::string>{"raw"});
  EXPECT_EQ(key.models, std::vector<std::string>{"m@*"});
  EXPECT_EQ(key.limits, (gateway::Limits{0, 50, 2}));
  EXPECT_EQ(format_utc(key.expires_us).substr(0, 10), "2027-01-31");
  EXPECT_EQ(product->access.keys[1].limits, gateway::Limits{});
  EXPECT_EQ(product->access.per_user.requests_per_minute, 4);
  const std::string keys = std::string(kGood) + "access: {keys: [{sha256: " + a;
  EXPECT_NE(error(keys + ", role: none}]}").find("roles"), std::string::npos);
  EXPECT_NE(error(keys + "}, {sha256: " + a + "}]}").find("twice"), std::string::npos);
  EXPECT_NE(error(keys + "}, {sha256: " + b + "}]}").find("name"), std::string::npos);
  EXPECT_NE(error(keys + ", expires: soon}]}").find("date"), std::string::npos);
  EXPECT_NE(error(keys + ", age_band: old}]}").find("18+"), std::string::npos);
  EXPECT_NE(error(keys + ", jurisdiction: Germany}]}").find("3166"), std::string::npos);
  EXPECT_NE(error(keys + ", permissions: [all]}]}").find("trusted_headers"), std::string::npos);
}

TEST_F(ProductFile, AdaptersAreModelsOfTheirOwn) {
  const auto product = load(
      "product: {id: shop}\nmodels:\n  - id: m\n    file: m.gguf\n    adapters:\n      - {id: tone, file: m.gguf, sha256: ab, scale: "
      "0.5}\n      - {id: plain, file: m.gguf}\n");
  ASSERT_TRUE(product) << product.error().message;
  const auto& adapters = product->models[0].adapters;
  ASSERT_EQ(adapters.size(), 2u);
  EXPECT_EQ(adapters[0].id, "tone");
  EXPECT_EQ(adapters[0].path, directory_ + "/m.gguf");
  EXPECT_EQ(adapters[0].sha256, "ab");
  EXPECT_EQ(adapters[0].scale, 0.5);
  EXPECT_EQ(adapters[1].scale, 1);
}

TEST_F(ProductFile, MistakesHavePlacesAndSayWhatToWrite) {
  const struct {
    const char* text;
    const char* place;
    const char* hint;
  } kCases[] = {
      {"product: {id: shop}\nmodels:\n  - {id: m, file: m.gguf}\nlissen: x\n", "product.yaml:4:1", "listen"},
      {"product: {id: shop, nam: x}\nmodels:\n  - {id: m, file: m.gguf}\n", "product.yaml:1:21", "name"},
      {"models:\n  - {id: m, file: m.gguf}\n", "product.yaml:1:1", "product:"},
      {"product: {name: x}\nmodels:\n  - {id: m, file: m.gguf}\n", "product.yaml:1:11", "id"},
      {"product: {id: shop}\n", "product.yaml:1:1", "models:"},
      {"product: {id: shop}\nmodels: []\n", "product.yaml:1:1", "models:"},
      {"product: {id: shop}\nmodels:\n  - {id: m}\n", "product.yaml:3:6", "file"},
      {"product: {id: shop}\nmodels:\n  - {id: m, file: none.gguf}\n", "product.yaml:3:19", "STEWARD_MODELS_DIR"},
      {"product: {id: shop}\nmodels:\n  - {id: m, upstream: {url: 'http://a/v1'}}\n", "product.yaml:3:24", "`model`"},
      {"product: {id: shop}\nmodels:\n  - {id: m, upstream: {url: a, model: b}}\n", "product.yaml:3:29", "http://"},
      {"product: {id: shop}\nmodels:\n  - {id: m, upstream: {url: 'http://u:p@a/v1', model: b}}\n", "product.yaml:3:30", "api_key_env"},
      {"product: {id: shop}\nmodels:\n  - {id: m, upstream: {url: 'http://a/v1', model: b, retry: 1}}\n", "product.yaml:3:54", "retries"},
      {"product: {id: shop}\nmodels:\n  - {id: m, file: m.gguf, upstream: {url: 'http://a/v1', model: b}}\n", "product.yaml:3:13",
       "upstream"},
      {"product: {id: shop}\nmodels:\n  - {id: 'm@x', file: m.gguf}\n", "product.yaml:3:11", "@"},
      {"product: {id: shop}\nmodels:\n  - {id: m, file: m.gguf, sequences: 0}\n", "product.yaml:3:38", "from 1 to 256"},
      {"product: {id: shop}\nmodels:\n  - {id: m, file: m.gguf, sequences: many}\n", "product.yaml:3:38", ""},
      {"product: {id: shop}\nmodels:\n  - {id: m, file: m.gguf, defaults: {temperature: 3}}\n", "product.yaml:3:51", "from 0 to 2"},
      {"product: {id: shop}\nmodels:\n  - {id: m, file: m.gguf, defaults: {temprature: 1}}\n", "product.yaml:3:38", "temperature"},
      {"product: {id: shop}\nmodels:\n  - {id: m, file: m.gguf, adapters: [{id: a}]}\n", "product.yaml:3:39", "file"},
      {"product: {id: shop}\nmodels:\n  - {id: m, file: m.gguf, adapters: [{id: a, file: none.gguf}]}\n", "product.yaml:3:52",
       "STEWARD_MODELS_DIR"},
      {"product: {id: shop}\nmodels:\n  - {id: m, file: m.gguf, adapters: [{id: m, file: m.gguf}]}\n", "product.yaml:3:", "same id"},
      {"product: {id: shop}\nmodels:\n  - {id: m, file: m.gguf}\n  - {id: m, file: m.gguf}\n", "product.yaml:3:", "same id"},
      {"product: {id: shop}\nmodels:\n  - {id: m, file: m.gguf}\npolicies: {raw: p.yaml}\n", "product.yaml:4:12", "no guard"},
      {"product: {id: shop}\nmodels:\n  - {id: m, file: m.gguf}\nlisten: 8080\n", "product.yaml:4:9", "127.0.0.1:8080"},
      {"product: {id: shop}\nmodels:\n  - {id: m, file: m.gguf}\nlisten: 127.0.0.1:99999\n", "product.yaml:4:9", "port"},
      {"product: {id: shop}\nmodels:\n  - {id: m, file: m.gguf}\naccess: {keys: [{sha256: abc}]}\n", "product.yaml:4:18", "sha256sum"},
      {"product: {id: shop}\nproduct: {id: shop}\n", "product.yaml:2:1", ""},
      {"product: [\n", "product.yaml:", ""},
      {"", "product.yaml:1:1", "empty"},
      {"# only a comment\n", "product.yaml:1:1", "empty"},
  };
  for (const auto& [text, place, hint] : kCases) {
    const std::string found = error(text);
    EXPECT_TRUE(found.starts_with(place)) << text << "\n" << found << "\n" << place;
    EXPECT_NE(found.find(hint), std::string::npos) << found;
  }
}

TEST_F(ProductFile, ReadsAnUpstream) {
  const auto product = load(
      "product: {id: shop}\nmodels:\n  - id: big\n    upstream: {url: 'https://llm.example.org/v1', model: big-70b, api_key_file: k, "
      "ca_file: /ca.pem, "
      "connections_max: 9, queued_requests_max: 8, connect_timeout_ms: 7, first_byte_timeout_ms: 6, idle_timeout_ms: 5, retries: 4, "
      "breaker: {failures: 3, open_seconds: 2}, license: MIT, context_tokens: 8192}\n    defaults: {temperature: 0.5}\n");
  ASSERT_TRUE(product) << product.error().message;
  const ModelConfig& model = product->models[0];
  ASSERT_TRUE(model.upstream);
  const model::RemoteOptions& options = model.upstream->options;
  EXPECT_EQ(options.id, "big");
  EXPECT_EQ(options.url, "https://llm.example.org/v1");
  EXPECT_EQ(options.model, "big-70b");
  EXPECT_EQ(model.upstream->api_key_file, directory_ + "/k");
  EXPECT_EQ(options.ca_file, "/ca.pem");
  EXPECT_EQ(options.connections_max, 9);
  EXPECT_EQ(options.queued_requests_max, 8);
  EXPECT_EQ(options.connect_timeout.count(), 7);
  EXPECT_EQ(options.first_byte_timeout.count(), 6);
  EXPECT_EQ(options.idle_timeout.count(), 5);
  EXPECT_EQ(options.retry.retries, 4);
  EXPECT_EQ(options.breaker.failures, 3);
  EXPECT_EQ(options.breaker.open_time, std::chrono::seconds(2));
  EXPECT_EQ(options.license, "MIT");
  EXPECT_EQ(options.context_tokens, 8192);
  EXPECT_EQ(model.temperature, 0.5);
}

TEST_F(ProductFile, AnUpstreamOpensWithItsKeyOnly) {
  const std::string base = "product: {id: shop}\nmodels:\n  - {id: big, upstream: {url: 'http://127.0.0.1:9/v1', model: b, ";
  const auto opened = [&](const std::string& key) { return open_models(load(base + key + "}}\n").value().models[0]); };
  ASSERT_TRUE(write_file_atomic(directory_ + "/k", "s3cret\n"));
  const auto model = opened("api_key_file: k, context_tokens: 10");
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ((*model).front()->record().path, "http://127.0.0.1:9/v1");
  EXPECT_EQ((*model).front()->record().context_length, 10);
  EXPECT_FALSE(opened("api_key_file: none"));
  const auto unset = opened("api_key_env: STEWARD_TEST_NO_SUCH_KEY");
  ASSERT_FALSE(unset);
  EXPECT_NE(unset.error().message.find("STEWARD_TEST_NO_SUCH_KEY"), std::string::npos);
}

/// Models are opened when they are asked for, and each once.
TEST_F(ProductFile, ItsModelsOpenWhenAskedFor) {
  const Product product = load(
                              "product: {id: shop}\nmodels:\n  - {id: near, upstream: {url: 'http://127.0.0.1:9/v1', model: b}}\n"
                              "  - {id: far, upstream: {url: 'http://127.0.0.1:9/v1', model: b, api_key_env: STEWARD_TEST_NO_SUCH_KEY}}\n")
                              .value();
  ProductModels models(product);
  const auto near = models.find("near");
  ASSERT_TRUE(near) << near.error().message;
  EXPECT_EQ(*near, *models.source()("near"));
  EXPECT_FALSE(models.find("far")) << "its key is not set";
  const auto none = models.find("none");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, "the product has no model 'none'; it has: near, far");
  EXPECT_FALSE(models.open_all());
  EXPECT_NE(ProductModels(directory_ + "/none").find("near").error().message.find("steward init"), std::string::npos);
}

TEST_F(ProductFile, AFolderWithoutOneSaysWhatToRun) {
  const auto missing = load_product(directory_ + "/none");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("steward init"), std::string::npos);
}

/// What `steward init` writes is what the program reads, and its policy passes the check.
TEST_F(ProductFile, InitMakesAProductThatLoads) {
  const std::string made = directory_ + "/my shop";
  ASSERT_TRUE(init_product(made));
  ASSERT_TRUE(fs::create_directories(made + "/models"));
  ASSERT_TRUE(write_file_atomic(made + "/models/SmolLM2-135M-Instruct.Q8_0.gguf", "x"));
  const auto product = load_product(made);
  ASSERT_TRUE(product) << product.error().message;
  static const SystemClock clock;
  const auto guard = load_guard(product->policies.at("default"), clock);
  EXPECT_TRUE(guard) << guard.error().message;
  EXPECT_FALSE(init_product(made)) << "never over an existing one";
}

}  // namespace
}  // namespace steward::app
