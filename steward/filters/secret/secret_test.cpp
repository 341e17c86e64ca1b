#include "steward/filters/secret/secret.h"

#include <gtest/gtest.h>

#include <random>

#include "steward/filters/secret/rules.h"
#include "steward/filters/testing/scan.h"

namespace steward::filters {
namespace {

using testing::FilterUnderTest;

/// Made up here each time, so that no scanner takes this file for a leak.
std::string made(const char* prefix, std::size_t length,
                 const char* alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  static std::mt19937 random(7);
  std::string out = prefix;
  const std::string_view letters = alphabet;
  while (length-- > 0) out += letters[random() % letters.size()];
  return out;
}
constexpr char kHex[] = "0123456789abcdef";
constexpr char kBase32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

const FilterUnderTest& filter() {
  static const FilterUnderTest instance(make_secret, "secret", "{category: credentials}");
  return instance;
}

std::vector<std::string> keys() {
  return {made("AKIA", 16, kBase32),
          made("ghp_", 36),
          made("github_pat_", 82),
          made("glpat-", 20),
          made("xoxb-", 40),
          made("sk_live_", 24),
          made("sk-proj-", 48),
          made("sk-ant-api03-", 90),
          made("AIza", 35),
          made("ya29.", 60),
          made("hf_", 34),
          made("npm_", 36),
          made("pypi-", 80),
          made("SG.", 22) + made(".", 43),
          made("key-", 32, kHex),
          made("", 32, kHex) + "-us12",
          made("dop_v1_", 64, kHex),
          made("shpat_", 32, kHex),
          made("dapi", 32, kHex),
          made("glsa_", 32) + made("_", 8, kHex),
          made("lin_api_", 40),
          made("hvs.", 40),
          made("gsk_", 52),
          made("r8_", 37),
          made("eyJ", 20) + made(".eyJ", 30) + made(".", 40),
          made("123456789:AA", 33),
          made("PMAK-", 24, kHex) + made("-", 34, kHex),
          made("NRAK-", 27)};
}

TEST(Secret, KeysOfProviders) {
  for (const std::string& key : keys()) {
    EXPECT_EQ(filter().spans("My key is " + key + ", keep it."), std::vector<std::string>{key}) << key;
    EXPECT_EQ(filter().spans("\"" + key + "\""), std::vector<std::string>{key});
    EXPECT_EQ(filter().spans("export KEY=" + key + "\n"), std::vector<std::string>{key});
  }
}

TEST(Secret, NamesAndTheirValues) {
  const auto value = [](const std::string& text) {
    const auto spans = filter().spans(text);
    return spans.size() == 1 ? spans[0] : "";
  };
  EXPECT_EQ(value("password: hunter2x"), "hunter2x");
  EXPECT_EQ(value("DB_PASSWORD=\"s3cr3t!pw\""), "s3cr3t!pw");
  EXPECT_EQ(value("my password is Tr0ub4dor."), "Tr0ub4dor");
  EXPECT_EQ(value("Mein Passwort ist Ge4eim!"), "Ge4eim!");
  EXPECT_EQ(value("postgres://app:pa55word@db.internal/x"), "pa55word");
  const std::string token = made("", 40);
  EXPECT_EQ(value("aws_secret_access_key = " + token), token);
  EXPECT_EQ(value("Authorization: Bearer " + token), token);
  EXPECT_EQ(value("{\"api_key\": \"" + token + "\"}"), token);
  EXPECT_EQ(value("X-Auth-Token: " + token), token);
}

TEST(Secret, PrivateKeysLineByLine) {
  const std::string one = made("MIIE", 60), two = made("", 64);
  const std::string text =
      "Here:\n-----BEGIN RSA PRIVATE KEY-----\n" + one + "\n" + two + "\n-----END RSA PRIVATE KEY-----\n" + made("", 64);
  EXPECT_EQ(filter().spans(text), (std::vector<std::string>{one, two}));
  EXPECT_EQ(filter().spans("-----BEGIN PUBLIC KEY-----\n" + one + "\n-----END PUBLIC KEY-----"), std::vector<std::string>{});
}

TEST(Secret, OrdinaryTextHasNone) {
  for (const char* text :
       {"Your password must have 8 characters and a digit.", "password: required", "The token expired at 10:30",
        "api_key: YOUR_API_KEY_GOES_HERE_1", "password=${DB_PASSWORD}", "sk-learn and sk-1 are fine",
        "commit 3b5d5c3712955042212316173ccf37be800ab8a8", "550e8400-e29b-41d4-a716-446655440000", "What is a secret key in RSA?",
        "https://example.org/a?b=c", "The secret is patience.", "AKIAIOSFODNN7EXAMPLE", "pass: 3/5 tests", "S3, EKS and EC2",
        "hash: sha256-abc", "my api key is not working with version 2.0", "Bearer of good news on 2024-01-15T10:00:00Z"})
    EXPECT_EQ(filter().spans(text), std::vector<std::string>{}) << text;
}

TEST(Secret, DisguisedKeysAreFound) {
  const std::string key = made("ghp_", 36);
  std::string spread, wide;
  for (const char c : key) spread += std::string(1, c) + "\u200B";
  EXPECT_TRUE(filter().finds(spread));
}

TEST(Secret, ItsOwnerGetsItBack) {
  guard::Vault vault;
  const std::string key = made("ghp_", 36);
  const auto input = filter().scan("use " + key, "en", policy::Direction::kInput, "user", &vault);
  ASSERT_EQ(input.size(), 1u);
  EXPECT_EQ(input[0].replacement, "[SECRET_1]");
  EXPECT_EQ(vault.restore("[SECRET_1]"), key);
  EXPECT_TRUE(filter().scan("use " + key, "en", policy::Direction::kOutput, "assistant", &vault).empty()) << "the owner's own";
  EXPECT_EQ(filter().scan("use " + made("ghp_", 36), "en", policy::Direction::kOutput, "assistant", &vault).at(0).replacement, "[SECRET]");
}

TEST(Secret, StreamsAreCutAnyhow) {
  FilterUnderTest own(make_secret, "secret", "{category: credentials}");
  std::mt19937_64 random(3);
  std::vector<std::string> pieces = keys();
  for (const char* more : {" ", "\n", " ", "password: ", "hunter2x", "\"", "=", "api_key", "-----BEGIN PRIVATE KEY-----\n",
                           "-----END PRIVATE KEY-----", "MIIEabcdefgh12345678\n", "word", ",", "\u200B"})
    for (int i = 0; i < 3; ++i) pieces.emplace_back(more);
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    std::string text;
    for (int i = 0; i < 20; ++i) text += pieces[random() % pieces.size()];
    for (const auto action : {policy::Action::kBlock, policy::Action::kRewrite})
      EXPECT_EQ(own.stream_fault(text, action, 8, seed), "") << text;
  }
}

TEST(Secret, EntropyIsShannons) {
  EXPECT_DOUBLE_EQ(secret::entropy_bits("aaaa"), 0);
  EXPECT_DOUBLE_EQ(secret::entropy_bits("abab"), 1);
  EXPECT_DOUBLE_EQ(secret::entropy_bits("abcdefgh"), 3);
}

}  // namespace
}  // namespace steward::filters
