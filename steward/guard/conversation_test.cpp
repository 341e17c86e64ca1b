#include "steward/guard/conversation.h"

#include <gtest/gtest.h>

#include <thread>

#include "steward/guard/history.h"
#include "steward/guard/testing/table_policy.h"

namespace steward::guard {
namespace {

using policy::Action;

TEST(Vault, TheSameValueHasTheSamePlaceholder) {
  Vault vault;
  EXPECT_EQ(vault.placeholder("CARD", "4111111111111111", "4111 1111 1111 1111"), "[CARD_1]");
  EXPECT_EQ(vault.placeholder("EMAIL", "a@example.org", "A@example.org"), "[EMAIL_1]");
  EXPECT_EQ(vault.placeholder("CARD", "5555555555554444", "5555555555554444"), "[CARD_2]");
  EXPECT_EQ(vault.placeholder("CARD", "4111111111111111", "4111111111111111"), "[CARD_1]");
  EXPECT_EQ(vault.restore("[CARD_1]"), "4111 1111 1111 1111");
  EXPECT_EQ(vault.restore("[CARD_3]"), std::nullopt);
  EXPECT_EQ(vault.size(), 3u);
}

TEST(Conversations, NeverShareBetweenPrincipalsOrConversations) {
  Conversations conversations(Key{}, 10);
  const auto mine = conversations.get("p1", "c1");
  mine->vault().placeholder("EMAIL", "a@example.org", "a@example.org");
  EXPECT_EQ(conversations.get("p1", "c1"), mine);
  for (const auto& [principal, conversation] : {std::pair("p2", "c1"), {"p1", "c2"}, {"p1c", "1"}, {"p", "1c1"}, {"", "p1c1"}}) {
    const auto other = conversations.get(principal, conversation);
    EXPECT_NE(other, mine);
    EXPECT_EQ(other->vault().restore("[EMAIL_1]"), std::nullopt);
  }
}

TEST(Conversations, RemindOncePerInterval) {
  Conversation conversation(Key{});
  EXPECT_FALSE(conversation.reminder_due(1000, 60)) << "the first turn begins the count";
  EXPECT_FALSE(conversation.reminder_due(1059, 60));
  EXPECT_TRUE(conversation.reminder_due(1060, 60));
  EXPECT_FALSE(conversation.reminder_due(1061, 60));
  EXPECT_TRUE(conversation.reminder_due(1200, 60));
}

TEST(Conversations, ForgetAPrincipalAsAWhole) {
  Conversations conversations(Key{}, 8);
  conversations.get("ann", "c1")->vault().placeholder("EMAIL", "a@b.org", "a@b.org");
  conversations.get("ann", "c2")->vault().placeholder("EMAIL", "a@b.org", "a@b.org");
  conversations.get("anna", "c1")->vault().placeholder("EMAIL", "a@b.org", "a@b.org");
  conversations.forget("ann");
  EXPECT_EQ(conversations.get("ann", "c1")->vault().size(), 0u);
  EXPECT_EQ(conversations.get("ann", "c2")->vault().size(), 0u);
  EXPECT_EQ(conversations.get("anna", "c1")->vault().size(), 1u);
}

TEST(Conversations, DropTheLeastRecentlyUsed) {
  Conversations conversations(Key{}, 2);
  const auto a = conversations.get("p", "a");
  const auto b = conversations.get("p", "b");
  EXPECT_EQ(conversations.get("p", "a"), a);
  conversations.get("p", "c");
  EXPECT_EQ(conversations.get("p", "a"), a);
  EXPECT_NE(conversations.get("p", "b"), b);
}

TEST(Conversations, AreSafeFromManyThreads) {
  Conversations conversations(Key{}, 8);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const auto conversation = conversations.get("p", std::to_string((i * (t + 1)) % 12));
        conversation->vault().placeholder("EMAIL", std::to_string(i % 5), "v");
        conversation->remember("user", std::to_string(i % 7), Action::kPass);
        conversation->judged("user", std::to_string(i % 7));
        conversation->set_language("en");
        conversation->language();
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(conversations.get("p", "0")->vault().size(), 5u);
}

TEST(History, RoleAndTextNameAMessage) {
  Conversation conversation{Key{}};
  testing::TablePolicy policy;
  remember(conversation, policy, {"user", "text"}, Action::kBlock);
  EXPECT_EQ(standing_of(conversation, policy, {"user", "text"}), Standing::kRefused);
  EXPECT_EQ(standing_of(conversation, policy, {"tool", "text"}), Standing::kNew);
  EXPECT_EQ(standing_of(conversation, policy, {"user", "text "}), Standing::kNew);
}

TEST(History, ALaxPolicyCannotVouchForAStrictOne) {
  Conversation conversation{Key{}};
  testing::TablePolicy lax;
  testing::TablePolicy strict;
  lax.policy_id = "lax";
  strict.policy_id = "strict";
  const Message message{"user", "text"};
  remember(conversation, lax, message, Action::kPass);
  EXPECT_EQ(standing_of(conversation, lax, message), Standing::kJudged);
  EXPECT_EQ(standing_of(conversation, strict, message), Standing::kNew);
  remember(conversation, strict, message, Action::kBlock);
  EXPECT_EQ(standing_of(conversation, lax, message), Standing::kRefused);
  remember(conversation, lax, message, Action::kPass);
  EXPECT_EQ(standing_of(conversation, lax, message), Standing::kJudged);
  EXPECT_EQ(standing_of(conversation, strict, message), Standing::kNew);
}

}  // namespace
}  // namespace steward::guard
