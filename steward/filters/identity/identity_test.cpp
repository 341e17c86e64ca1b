#include "steward/filters/identity/identity.h"

#include <gtest/gtest.h>

#include "steward/filters/testing/scan.h"

namespace steward::filters {
namespace {

using testing::FilterUnderTest;
using testing::text_of;

const FilterUnderTest& identity() {
  static const FilterUnderTest filter(make_identity, "identity", "{category: human_impersonation}");
  return filter;
}

std::string found(const json::Object& entry, policy::Direction direction) {
  std::string out;
  for (const guard::Finding& finding : identity().scan(text_of(entry, "text"), text_of(entry, "language"), direction))
    out += finding.subtype;
  return out;
}

/// cases/identity: claims and their benign twins, questions and theirs, in the filter's seven languages.
TEST(Identity, Claims) {
  int claims = 0, twins = 0;
  for (const json::Object& entry : testing::read_cases("identity/claims.jsonl")) {
    const bool claim = entry.at("claim").as_bool();
    ++(claim ? claims : twins);
    EXPECT_EQ(found(entry, policy::Direction::kOutput), claim ? "claim" : "") << text_of(entry, "text");
  }
  EXPECT_GE(claims, 30);
  EXPECT_GE(twins, 30);
}

TEST(Identity, Questions) {
  int questions = 0, twins = 0;
  for (const json::Object& entry : testing::read_cases("identity/questions.jsonl")) {
    const bool asks = entry.at("asks").as_bool();
    ++(asks ? questions : twins);
    EXPECT_EQ(found(entry, policy::Direction::kInput), asks ? "asked" : "") << text_of(entry, "text");
  }
  EXPECT_GE(questions, 30);
  EXPECT_GE(twins, 30);
}

TEST(Identity, AClaimIsReplacedByTheTruth) {
  const std::string text = "Trust me: I am a human being, like you. More?";
  const auto claims = identity().scan(text, "en", policy::Direction::kOutput, "assistant");
  ASSERT_EQ(claims.size(), 1u);
  const std::string said = text.substr(0, claims[0].span.begin) + *claims[0].replacement + text.substr(claims[0].span.end);
  EXPECT_NE(said.find("AI"), std::string::npos);
  EXPECT_TRUE(identity().scan(said, "en", policy::Direction::kOutput, "assistant").empty());
}

}  // namespace
}  // namespace steward::filters
