#include "steward/app/product.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "steward/app/profiles.h"
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
  EXPECT_TRUE(product->raw_on_loopback);
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
  EXPECT_FALSE(product->raw_on_loopback);
  EXPECT_EQ(product->keys[0].requests_per_minute, 7);
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
