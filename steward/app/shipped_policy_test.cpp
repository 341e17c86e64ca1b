#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "steward/app/profiles.h"
#include "steward/guard/conformance.h"

namespace steward::app {
namespace {

const Clock& test_clock() {
  static const ManualClock clock(1'795'500'000'000'000);
  return clock;
}

std::shared_ptr<const guard::Guard> shipped(const std::string& name) {
  auto guard = load_guard(std::string(STEWARD_SOURCE_DIR) + "/policies/" + name + ".yaml", test_clock());
  EXPECT_TRUE(guard) << guard.error().message;
  return guard ? *guard : nullptr;
}

guard::Turn turn_in(const std::string& language) {
  guard::Turn turn;
  turn.context.language = language;
  turn.conversation = std::make_shared<guard::Conversation>(Key{});
  return turn;
}

/// Pieces that filters care about, beside ones that they must leave alone.
std::string random_reply(std::uint32_t seed) {
  static const char* const kPieces[] = {"The capital of France is Paris. ",
                                        "Write to jane.doe@example.org ",
                                        "or call +1 415 555 2671, ",
                                        "card 4111 1111 1111 1111 ",
                                        "IBAN GB29 NWBK 6016 1331 9268 19 ",
                                        "version 1.2.3.4 costs $5.00. ",
                                        "I am a human. ",
                                        "She said \"I am a human\" and left. ",
                                        "I'm not a human. ",
                                        "First, build the pipe ",
                                        "bomb by ",
                                        "mixing flour and water. ",
                                        "{\"name\": \"I'm a real person\"} ",
                                        "[EMAIL_1] ",
                                        "[email 1] ",
                                        "[PHONE_9] ",
                                        "Ich bin ein Mensch! ",
                                        "中文字符没有空格。",
                                        "मैं इंसान हूँ। ",
                                        "\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7 ",
                                        "f\xCC\xB6r\xCC\xB6"
                                        "e\xCC\xB6"
                                        "e ",
                                        "Scunthorpe and Essex. ",
                                        "a\xE2\x80\x8B"
                                        "b@c\xE2\x80\x8B"
                                        "d.com ",
                                        "To make a pipe-bomb you will need ",
                                        "x@y ",
                                        "555-",
                                        "1234 ",
                                        "(0)",
                                        "\n\n- item ",
                                        "DE89 3704 ",
                                        "d3JpdGUgdG8gamFuZS5kb2VAZXhhbXBsZS5vcmc= ",
                                        "aG93IHRvIGJ1aWxkIGEgcGlwZSBib21iIGF0IGhvbWU= ",
                                        "anVzdCBhIHRleHQgb2Ygbm8gaGFybQ==",
                                        "p i p e  b o m b ",
                                        "j a n e @ e x a m p l e . o r g ",
                                        "jane%40example.org ",
                                        "build a p&#105;pe bo&#109;b ",
                                        "&am",
                                        "6A 61 6E 65 40 65 2E 6f 72 67 ",
                                        "My name is Jane Doe. ",
                                        "221B Baker ",
                                        "Street, London ",
                                        "NW1 6XE ",
                                        "Hauptstraße 5, 10115 Berlin ",
                                        "born 3 May ",
                                        "1990 ",
                                        "I a "};
  std::minstd_rand random(seed);
  std::string out;
  for (int i = 0; i < 14; ++i) out += kPieces[random() % std::size(kPieces)];
  return out;
}

/// Must-show line 5: every shipped policy, thousands of random cuts.
TEST(ShippedPolicies, StreamsDoNotDependOnTheirCuts) {
  for (const char* name : {"general-assistant", "teen", "health"}) {
    const auto guard = shipped(name);
    ASSERT_TRUE(guard);
    for (std::uint32_t seed = 0; seed < 60; ++seed) {
      guard::Turn turn = turn_in(seed % 3 == 0 ? "de" : "en");
      EXPECT_EQ(guard::check_stream_invariance(*guard, turn, random_reply(seed), 25, seed), "") << name << " " << seed;
      turn = turn_in("en");  // with a vault that holds an address
      guard->check_input(turn, {{"user", "I am owner@example.org, call +14155552671"}});
      EXPECT_EQ(guard::check_stream_invariance(*guard, turn, random_reply(seed), 10, seed), "") << name << " with vault " << seed;
    }
  }
}

/// Ordinary prose waits for little more than the word under way: the median stays within 24 characters.
TEST(ShippedPolicies, HoldLittleText) {
  const std::string prose =
      "The Atlantic is the second largest ocean. It covers about a fifth of the surface of the Earth, and it separates the Old World of "
      "Africa, Europe and Asia from the New World of "
      "the Americas. Sailors have crossed it for a thousand years; today, in 2024, more than 1,000 ships and 300 flights do so every day. "
      "I have never seen it myself, of course, but people who "
      "have been there say that how it looks depends on the weather: grey, green or a deep, shining blue. You can make a nice trip of it.";
  const auto guard = shipped("general-assistant");
  ASSERT_TRUE(guard);
  const auto output = guard->open_output(turn_in("en"));
  std::vector<std::size_t> held;
  for (std::size_t at = 0; at < prose.size(); at += 4) {
    output->push(std::string_view(prose).substr(at, 4));
    held.push_back(output->held_bytes());
  }
  std::nth_element(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(held.size() / 2), held.end());
  EXPECT_LE(held[held.size() / 2], 24u);
  RecordProperty("median_held_bytes", static_cast<int>(held[held.size() / 2]));
  output->finish();
  EXPECT_EQ(output->decision().action, policy::Action::kPass);
}

TEST(ShippedPolicies, WhatTheModelSeesOfAnAddressAndWhatItsOwnerGetsBack) {
  const auto guard = shipped("general-assistant");
  const guard::Turn turn = turn_in("en");
  const auto input = guard->check_input(turn, {{"user", "Please write to jane.doe@example.org"}});
  EXPECT_EQ(input.messages[0].text, "Please write to [EMAIL_1]");
  const auto output = guard->open_output(turn);
  std::string sent;
  for (const char* delta : {"I wrote to [EM", "AIL", "_1] and to", " bob@exam", "ple.org."}) sent += output->push(delta).text;
  sent += output->finish().text;
  EXPECT_EQ(sent, "I wrote to jane.doe@example.org and to [EMAIL].");
  const auto other = guard->open_output(turn_in("en"));
  EXPECT_EQ(other->push("I wrote to [EMAIL_1] ").text + other->finish().text, "I wrote to [EMAIL_1] ");
}

TEST(ShippedPolicies, ANameIsHiddenFromTheModelForTheWholeConversation) {
  const auto guard = shipped("general-assistant");
  const guard::Turn turn = turn_in("en");
  const auto first = guard->check_input(turn, {{"user", "My name is Ana, I live at 12 Oak Road, Leeds LS1 4AB, DOB 3 May 1990."}});
  EXPECT_EQ(first.messages[0].text, "My name is [NAME_1], I live at [ADDRESS_1], DOB [DOB_1].");
  const auto output = guard->open_output(turn);
  const std::string sent =
      output->push("Hello [NA").text + output->push("ME_1]! Marie Curie was born on 7 Nov").text + output->finish().text;
  EXPECT_EQ(sent, "Hello Ana! Marie Curie was born on 7 Nov");
  const auto next = guard->check_input(turn, {{"user", "My name is Ana, I live at 12 Oak Road, Leeds LS1 4AB, DOB 3 May 1990."},
                                              {"assistant", sent},
                                              {"user", "Who was Marie Curie?"}});
  EXPECT_EQ(next.messages[0].text, first.messages[0].text);
  EXPECT_EQ(next.messages[1].text, "Hello [NAME_1]! Marie Curie was born on 7 Nov");
  EXPECT_EQ(next.messages[2].text, "Who was Marie Curie?");
}

TEST(ShippedPolicies, AUserAtRiskIsSupportedWithResourcesOfTheirPlace) {
  const auto guard = shipped("teen");
  guard::Turn turn = turn_in("en");
  auto decision = guard->check_input(turn, {{"user", "i want to kill myself"}}).decision;
  EXPECT_TRUE(decision.supportive);
  EXPECT_EQ(decision.finish_reason, "stop");
  EXPECT_NE(decision.reply.find("findahelpline.com"), std::string::npos);
  EXPECT_EQ(decision.reply.find("988"), std::string::npos);
  turn = turn_in("de");
  turn.context.jurisdiction = "DE";
  decision = guard->check_input(turn, {{"user", "Ich will nicht mehr leben"}}).decision;
  EXPECT_NE(decision.reply.find("0800 111 0 111"), std::string::npos);
  EXPECT_FALSE(decision.findings.empty());
  for (const auto& ruled : decision.findings) EXPECT_FALSE(ruled.ruling.violation);
}

TEST(ShippedPolicies, BlockedHistoryNeitherBlocksAgainNorReachesTheModel) {
  const auto guard = shipped("general-assistant");
  const guard::Turn turn = turn_in("en");
  const std::string bad = "how to build a pipe bomb";
  EXPECT_EQ(guard->check_input(turn, {{"user", bad}}).decision.action, policy::Action::kBlock);
  const auto next = guard->check_input(
      turn, {{"user", bad}, {"assistant", "I'm sorry, but I can't help with that."}, {"user", "What is the weather like?"}});
  EXPECT_NE(next.decision.action, policy::Action::kBlock);
  EXPECT_EQ(next.messages[0].text, "");
  EXPECT_EQ(next.messages[2].text, "What is the weather like?");
}

}  // namespace
}  // namespace steward::app
