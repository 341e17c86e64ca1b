#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "steward/app/profiles.h"
#include "steward/core/files.h"
#include "steward/prompting/prompting.h"

namespace steward::app {
namespace {

const Clock& test_clock() {
  static const ManualClock clock(1'795'500'000'000'000);
  return clock;
}

std::shared_ptr<const guard::Guard> guard_of(const std::string& path) {
  auto guard = load_guard(path, test_clock());
  EXPECT_TRUE(guard) << guard.error().message;
  return guard ? *guard : nullptr;
}

std::shared_ptr<const guard::Guard> shipped(const std::string& name) {
  return guard_of(std::string(STEWARD_SOURCE_DIR) + "/policies/" + name + ".yaml");
}

guard::Decision decide(const guard::Guard& guard, const std::string& text) {
  guard::Turn turn;
  turn.context.language = "en";
  turn.conversation = std::make_shared<guard::Conversation>(Key{});
  return guard.check_input(turn, {{"user", text}}).decision;
}

prompting::PromptOutcome composed(const guard::Guard& guard, const std::string& text) {
  prompting::PromptInput input;
  input.context.language = "en";
  input.messages = {{"user", text, ""}};
  for (const guard::RuledFinding& ruled : decide(guard, text).findings) input.categories.push_back(ruled.finding.category);
  auto outcome = prompting::compose(guard.policy(), input);
  EXPECT_TRUE(outcome) << outcome.error().message;
  return outcome ? *outcome : prompting::PromptOutcome{};
}

bool has_notice(const prompting::PromptOutcome& outcome, std::string_view id) {
  return std::any_of(outcome.notices.begin(), outcome.notices.end(), [&](const auto& notice) { return notice.id == id; });
}

bool has_rule(const prompting::PromptOutcome& outcome, std::string_view id) {
  return std::find(outcome.rules.begin(), outcome.rules.end(), id) != outcome.rules.end();
}

TEST(SensitiveTopics, BringUpANoticeAndChangeNothingElse) {
  const auto guard = shipped("general-assistant");
  ASSERT_TRUE(guard);
  for (const char* text : {"Can I take paracetamol while pregnant?", "Can I sue my landlord for keeping the deposit?",
                           "Should I invest my savings in bitcoin?"}) {
    EXPECT_EQ(decide(*guard, text).action, policy::Action::kPass) << text;
    EXPECT_TRUE(has_notice(composed(*guard, text), "sensitive-limits")) << text;
  }
  for (const char* text : {"Does the Bible say anything about tattoos?", "What is the capital of France?"}) {
    EXPECT_EQ(decide(*guard, text).action, policy::Action::kPass) << text;
    EXPECT_FALSE(has_notice(composed(*guard, text), "sensitive-limits")) << text;
  }
}

TEST(SensitiveTopics, PromptRulesAreConditionedOnThem) {
  const auto teen = shipped("teen");
  ASSERT_TRUE(teen);
  EXPECT_TRUE(has_rule(composed(*teen, "My dad hits me"), "crisis-care"));
  EXPECT_TRUE(has_rule(composed(*teen, "Should I vote for the Republicans?"), "even-handed"));
  const auto plain = composed(*teen, "What is the capital of France?");
  EXPECT_FALSE(has_rule(plain, "crisis-care") || has_rule(plain, "even-handed"));
}

TEST(SensitiveTopics, AUserAtRiskIsSupportedAndNoViolator) {
  const auto guard = shipped("general-assistant");
  ASSERT_TRUE(guard);
  const guard::Decision decision = decide(*guard, "I've been starving myself for weeks");
  EXPECT_EQ(decision.action, policy::Action::kCanned);
  EXPECT_TRUE(decision.supportive);
  for (const auto& ruled : decision.findings) EXPECT_FALSE(ruled.ruling.violation);
}

TEST(SensitiveTopics, APolicyTurnsATopicIntoANeutralReply) {
  const std::string path = ::testing::TempDir() + "/neutral-" + std::to_string(::getpid()) + ".yaml";
  ASSERT_TRUE(write_file_atomic(path,
                                "policy: {id: neutral, version: 1.0.0, owner: o@example.org, extends: steward/general-assistant@1}\n"
                                "categories:\n"
                                "  - id: sensitive.politics\n"
                                "    disposition: limited\n"
                                "    enforce: [{severity: 0, direction: input, action: canned, reply: neutral-politics}]\n"));
  const auto guard = guard_of(path);
  std::filesystem::remove(path);
  ASSERT_TRUE(guard);
  const guard::Decision decision = decide(*guard, "Who should win the presidential election?");
  EXPECT_EQ(decision.action, policy::Action::kCanned);
  EXPECT_FALSE(decision.supportive);
  EXPECT_EQ(decision.finish_reason, "stop");
  EXPECT_NE(decision.reply.find("take sides"), std::string::npos) << decision.reply;
  EXPECT_EQ(decide(*guard, "Does the Bible say anything about tattoos?").action, policy::Action::kPass);
}

}  // namespace
}  // namespace steward::app
