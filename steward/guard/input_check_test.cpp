#include <gtest/gtest.h>

#include "steward/guard/guard.h"
#include "steward/guard/testing/needle_filter.h"
#include "steward/guard/testing/table_policy.h"

namespace steward::guard {
namespace {

using policy::Action;
using testing::NeedleFilter;
using testing::TablePolicy;

/// A policy under construction, then its guard, and one conversation.
struct Bench {
  std::shared_ptr<TablePolicy> policy = std::make_shared<TablePolicy>();
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<Conversation> conversation = std::make_shared<Conversation>(Key{});
  policy::Context context;
  std::shared_ptr<const Guard> guard;

  Bench() { context.language = "en"; }
  policy::FilterSpec& filter(const std::string& name, const std::string& config) {
    policy->filter_specs.push_back(TablePolicy::filter(name, "needle", config));
    return policy->filter_specs.back();
  }
  InputOutcome check(const std::vector<Message>& messages) {
    if (!guard) guard = Guard::create(policy, NeedleFilter::make, {}, *clock).value();
    return guard->check_input({context, conversation}, messages);
  }
};

Bench with_block() {
  Bench bench;
  bench.filter("bad", "{needle: BAD, category: harm}");
  bench.policy->act("harm", Action::kBlock);
  return bench;
}

TEST(Input, NothingFoundPasses) {
  Bench bench = with_block();
  const auto outcome = bench.check({{"system", "Be kind."}, {"user", "hello"}});
  EXPECT_EQ(outcome.decision.action, Action::kPass);
  EXPECT_EQ(outcome.messages[1].text, "hello");
  EXPECT_TRUE(outcome.decision.id.starts_with("dec_"));
  ASSERT_EQ(outcome.decision.scanned.size(), 1u);
  EXPECT_EQ(outcome.decision.scanned[0].bytes, 13u);
  EXPECT_EQ(outcome.decision.scanned[0].skipped, "");
}

TEST(Input, BlockGivesTheRefusalOfTheCategory) {
  Bench bench = with_block();
  const auto outcome = bench.check({{"user", "x BAD"}});
  EXPECT_EQ(outcome.decision.action, Action::kBlock);
  EXPECT_EQ(outcome.decision.reply, "I'm sorry, but no (harm, en).");
  EXPECT_EQ(outcome.decision.finish_reason, "content_filter");
  ASSERT_EQ(outcome.decision.findings.size(), 1u);
  EXPECT_EQ(outcome.decision.findings[0].finding.span, (text::Span{2, 5}));
  EXPECT_EQ(outcome.decision.findings[0].finding.filter, "bad");
}

TEST(Input, ASlowFilterReadsNewMessagesOfItsRolesAndKnowsThoseAround) {
  Bench bench;
  bench.filter("slow", "{needle: BAD, category: harm, slow: true}");
  bench.policy->act("harm", Action::kLog);
  bench.check({{"system", "0123456789"}, {"user", "hello"}});
  const auto next = bench.check({{"system", "0123456789"}, {"user", "hello"}, {"assistant", "hi"}, {"user", "and BAD?"}});
  EXPECT_TRUE(bench.guard->slow());
  EXPECT_EQ(next.decision.scanned[0].bytes, 8u);
  ASSERT_EQ(next.decision.findings.size(), 1u);
  EXPECT_EQ(next.decision.findings[0].finding.evidence, "message 3 of 4");
}

TEST(Input, ABlockedMessageIsTakenOutLaterAndDoesNotBlockAgain) {
  Bench bench = with_block();
  bench.check({{"user", "x BAD"}});
  const auto next = bench.check({{"user", "x BAD"}, {"assistant", "I'm sorry"}, {"user", "hello"}});
  EXPECT_EQ(next.decision.action, Action::kPass);
  EXPECT_TRUE(next.decision.findings.empty());
  EXPECT_EQ(next.messages[0].text, "");
  EXPECT_EQ(next.messages[1].text, "I'm sorry");
  EXPECT_EQ(next.messages[2].text, "hello");
}

TEST(Input, ABlockedMessageThatIsSentAgainAsTheNewestBlocksAgain) {
  Bench bench = with_block();
  bench.check({{"user", "x BAD"}});
  EXPECT_EQ(bench.check({{"user", "x BAD"}, {"assistant", "I'm sorry"}, {"user", "x BAD"}}).decision.action, Action::kBlock);
}

TEST(Input, HistoryThatWasNeverJudgedIsJudged) {
  Bench bench = with_block();
  const auto outcome = bench.check({{"user", "x BAD"}, {"assistant", "Sure."}, {"user", "go on"}});
  EXPECT_EQ(outcome.decision.action, Action::kBlock);
  EXPECT_EQ(bench.check({{"user", "x BAD"}, {"assistant", "Sure."}, {"user", "go on"}}).decision.action, Action::kPass);
}

TEST(Input, RolesAreThoseOfTheFilter) {
  Bench bench = with_block();
  EXPECT_EQ(bench.check({{"system", "BAD"}, {"assistant", "BAD"}, {"user", "hello"}}).decision.action, Action::kPass);
  EXPECT_EQ(bench.check({{"user", "hello"}, {"tool", "BAD"}}).decision.action, Action::kBlock);
}

TEST(Input, ARefusedToolResultLeavesLaterTurns) {
  Bench bench = with_block();
  bench.check({{"user", "look"}, {"tool", "BAD"}});
  const auto next = bench.check({{"user", "look"}, {"tool", "BAD"}, {"user", "hello"}});
  EXPECT_EQ(next.decision.action, Action::kPass);
  EXPECT_EQ(next.messages[1].text, "");
}

TEST(Input, ARefusedSystemMessageIsRefusedEachTime) {
  Bench bench;
  bench.filter("bad", "{needle: BAD, category: harm}").roles = {"system", "user"};
  bench.policy->act("harm", Action::kBlock);
  EXPECT_EQ(bench.check({{"system", "BAD"}, {"user", "hello"}}).decision.action, Action::kBlock);
  EXPECT_EQ(bench.check({{"system", "BAD"}, {"user", "hello again"}}).decision.action, Action::kBlock);
}

TEST(Input, PlaceholdersAreStableAndStandInEveryRole) {
  Bench bench;
  bench.filter("mail", "{needle: a@example.org, category: privacy, kind: EMAIL}");
  bench.policy->act("privacy", Action::kRewrite);
  const auto first = bench.check({{"user", "I am a@example.org."}});
  EXPECT_EQ(first.decision.action, Action::kRewrite);
  EXPECT_EQ(first.messages[0].text, "I am [EMAIL_1].");
  const auto next = bench.check(
      {{"system", "Owner: a@example.org"}, {"user", "I am a@example.org."}, {"assistant", "Hello a@example.org"}, {"user", "Who am I?"}});
  EXPECT_EQ(next.messages[0].text, "Owner: [EMAIL_1]");
  EXPECT_EQ(next.messages[1].text, "I am [EMAIL_1].");
  EXPECT_EQ(next.messages[2].text, "Hello [EMAIL_1]");
  EXPECT_EQ(bench.conversation->vault().size(), 1u);
}

TEST(Input, OtherRewritesLeaveRolesAloneThatTheFilterDoesNotJudge) {
  Bench bench;
  bench.filter("mask", "{needle: darn, category: profanity, text: '****'}");
  bench.policy->act("profanity", Action::kRewrite);
  const auto outcome = bench.check({{"system", "never say darn"}, {"user", "darn"}});
  EXPECT_EQ(outcome.messages[0].text, "never say darn");
  EXPECT_EQ(outcome.messages[1].text, "****");
}

TEST(Input, TheStrictestDecidesThenTheEarliest) {
  Bench bench = with_block();
  bench.filter("worse", "{needle: WORSE, category: other}");
  bench.filter("mask", "{needle: darn, category: profanity, text: '****'}");
  bench.policy->act("other", Action::kBlock);
  bench.policy->act("profanity", Action::kRewrite);
  EXPECT_EQ(bench.check({{"user", "darn WORSE BAD"}}).decision.reply, "I'm sorry, but no (other, en).");
  EXPECT_EQ(bench.check({{"user", "BAD WORSE"}}).decision.reply, "I'm sorry, but no (harm, en).");
}

Bench at_risk() {
  Bench bench = with_block();
  bench.filter("risk", "{needle: RISK, category: self_harm, subtype: intent}");
  policy::Ruling support;
  support.action = Action::kCanned;
  support.supportive = true;
  support.violation = true;  // the floor holds even if a plan says so
  support.reply = "support";
  bench.policy->rulings["self_harm.intent"] = support;
  bench.policy->rulings["harm"].violation = true;
  policy::CannedReply reply;
  reply.id = "support";
  reply.supportive = true;
  reply.reply = {{"en", "You matter.\n{resources}"}, {"de", "Du bist wichtig.\n{resources}"}};
  bench.policy->canned_replies = {reply};
  bench.policy->resource_list = {{"self_harm", "DE", "Hilfe", "0800", "2026-01-01", "2027-01-01"},
                                 {"self_harm", "US", "Old line", "000", "2020-01-01", "2021-01-01"},
                                 {"self_harm", "*", "Directory", "example.org", "2026-01-01", "2027-01-01"},
                                 {"scams", "DE", "Police", "110", "2026-01-01", "2027-01-01"}};
  return bench;
}

TEST(Input, AUserAtRiskIsNotAViolator) {
  Bench bench = at_risk();
  bench.context.jurisdiction = "DE";
  const auto outcome = bench.check({{"user", "BAD and RISK"}});
  EXPECT_EQ(outcome.decision.action, Action::kCanned);
  EXPECT_TRUE(outcome.decision.supportive);
  EXPECT_EQ(outcome.decision.finish_reason, "stop");
  EXPECT_EQ(outcome.decision.reply, "You matter.\nHilfe: 0800");
  for (const RuledFinding& ruled : outcome.decision.findings) EXPECT_FALSE(ruled.ruling.violation);
}

TEST(Input, AnUnknownPlaceOrExpiredEntriesGiveTheDirectory) {
  Bench bench = at_risk();
  EXPECT_EQ(bench.check({{"user", "RISK"}}).decision.reply, "You matter.\nDirectory: example.org");
  bench.context.jurisdiction = "US";
  EXPECT_EQ(bench.check({{"user", "RISK"}}).decision.reply, "You matter.\nDirectory: example.org");
  bench.context.language = "de";
  EXPECT_EQ(bench.check({{"user", "RISK"}}).decision.reply, "Du bist wichtig.\nDirectory: example.org");
}

TEST(Input, SupportIsGivenEvenWhenAnotherFilterFails) {
  Bench bench = at_risk();
  bench.filter("broken", "{fail: true}");
  const auto outcome = bench.check({{"user", "RISK"}});
  EXPECT_TRUE(outcome.decision.supportive);
  EXPECT_TRUE(outcome.decision.failed_closed);
  EXPECT_EQ(outcome.decision.action, Action::kCanned);
}

Bench with_canned() {
  Bench bench = with_block();
  bench.filter("canned", "{needle: makers, category: canned, reply: makers}");
  policy::CannedReply reply;
  reply.id = "makers";
  reply.reply = {{"de", "Wir."}, {"en", "We."}};
  bench.policy->canned_replies = {reply};
  return bench;
}

TEST(Input, ACannedReplyIsNoViolationAndABlockIsStricter) {
  Bench bench = with_canned();
  const auto outcome = bench.check({{"user", "your makers?"}});
  EXPECT_EQ(outcome.decision.action, Action::kCanned);
  EXPECT_EQ(outcome.decision.reply, "We.");
  EXPECT_EQ(outcome.decision.finish_reason, "stop");
  EXPECT_FALSE(outcome.decision.supportive);
  EXPECT_EQ(bench.check({{"user", "your makers? BAD"}}).decision.action, Action::kBlock);
}

TEST(Input, ACannedReplyOfTheHistoryIsNotGivenAgain) {
  Bench bench = with_canned();  // nothing remembered: as after a restart
  const auto outcome = bench.check({{"user", "your makers?"}, {"assistant", "We."}, {"user", "hello"}});
  EXPECT_EQ(outcome.decision.action, Action::kLog);
  EXPECT_EQ(outcome.messages[0].text, "");
}

TEST(Input, AFailingFilterBlocksUnlessItMayFailOpen) {
  Bench closed;
  closed.filter("broken", "{fail: true}");
  const auto blocked = closed.check({{"user", "hello"}}).decision;
  EXPECT_EQ(blocked.action, Action::kBlock);
  EXPECT_TRUE(blocked.failed_closed);
  EXPECT_EQ(blocked.reply, "I'm sorry, but no (, en).");
  EXPECT_EQ(blocked.scanned[0].skipped, "failed closed: the needle is lost");

  Bench open;
  open.filter("broken", "{fail: true}").fail_mode = policy::FailMode::kOpen;
  const auto passed = open.check({{"user", "hello"}}).decision;
  EXPECT_EQ(passed.action, Action::kPass);
  EXPECT_FALSE(passed.failed_closed);
  EXPECT_EQ(passed.scanned[0].skipped, "failed open: the needle is lost");
}

TEST(Input, AMessageThatCouldNotBeJudgedIsJudgedAgain) {
  Bench bench = with_block();
  bench.filter("broken", "{fail: true}");
  bench.check({{"user", "hello"}});
  bench.policy = with_block().policy;
  bench.guard = nullptr;
  const auto next = bench.check({{"user", "hello"}, {"user", "and"}});
  EXPECT_EQ(next.decision.action, Action::kPass);
  EXPECT_EQ(next.messages[0].text, "hello");
}

TEST(Input, SkippedFiltersSayWhy) {
  Bench bench;
  bench.filter("out", "{needle: x, category: c}").on_input = false;
  bench.filter("tools", "{needle: x, category: c}").roles = {"tool"};
  const auto decision = bench.check({{"user", "x"}}).decision;
  EXPECT_EQ(decision.scanned[0].skipped, "not on input");
  EXPECT_EQ(decision.scanned[1].skipped, "no message has a role that it judges");
  EXPECT_TRUE(decision.findings.empty());
}

TEST(Input, LanguageIsGivenOrRemembered) {
  Bench bench = with_block();
  EXPECT_EQ(bench.check({{"user", "hello"}}).language, "en");
  bench.context.language = "und";
  bench.conversation->set_language("de");
  EXPECT_EQ(bench.check({{"user", "x BAD"}}).decision.reply, "I'm sorry, but no (harm, de).");
}

TEST(Input, BytesThatAreNoUtf8BecomeReplacementCharacters) {
  Bench bench = with_block();
  EXPECT_EQ(bench.check({{"user", "a\xFFz"}}).messages[0].text, "a\uFFFDz");
  EXPECT_EQ(bench.check({{"user", "\xE2\x82 BAD"}}).decision.findings.at(0).finding.span, (text::Span{4, 7}));
}

TEST(Input, WhatTheGuardReleasedIsJudgedHistory) {
  Bench bench;
  bench.filter("bad", "{needle: BAD, category: harm}").roles = {"user", "assistant"};
  bench.policy->filter_specs[0].on_output = false;
  bench.policy->act("harm", Action::kBlock);
  bench.check({{"user", "hello"}});
  const auto output = bench.guard->open_output({bench.context, bench.conversation});
  std::string sent = output->push("not BAD at ").text;
  sent += output->push("all").text;
  sent += output->finish().text;
  EXPECT_EQ(sent, "not BAD at all");
  EXPECT_EQ(bench.check({{"user", "hello"}, {"assistant", sent}, {"user", "ok"}}).decision.action, Action::kPass);
  EXPECT_EQ(bench.check({{"user", "hello"}, {"assistant", "forged BAD"}, {"user", "ok"}}).decision.action, Action::kBlock);
}

TEST(CheckText, JudgesOneTextInOneDirection) {
  Bench bench = with_block();
  bench.policy->filter_specs[0].on_output = false;
  bench.check({});
  const auto input = bench.guard->check_text(bench.context, policy::Direction::kInput, "a BAD");
  const auto output = bench.guard->check_text(bench.context, policy::Direction::kOutput, "a BAD");
  EXPECT_EQ(input.action, Action::kBlock);
  EXPECT_EQ(output.action, Action::kPass);
  EXPECT_EQ(output.scanned[0].skipped, "not on output");
}

TEST(CheckText, ReadsDataByTheFiltersThatJudgeIt) {
  Bench bench = with_block();
  bench.policy->filter_specs[0].roles = {"tool"};
  bench.check({});
  const auto asked = bench.guard->check_text(bench.context, policy::Direction::kInput, "a BAD");
  EXPECT_EQ(asked.action, Action::kPass);
  EXPECT_EQ(asked.scanned[0].skipped, "it does not judge users' messages");
  const auto data = bench.guard->check_text(bench.context, policy::Direction::kInput, Message{"tool", "a BAD"});
  EXPECT_EQ(data.action, Action::kBlock);
  EXPECT_EQ(data.scanned[0].skipped, "");
}

TEST(Create, NamesTheLineOfAFilterThatCannotBeMade) {
  Bench bench;
  bench.filter("odd", "{neddle: x}").where = {"policy.yaml", 12, 5};
  const auto guard = Guard::create(bench.policy, NeedleFilter::make, {}, *bench.clock);
  ASSERT_FALSE(guard);
  EXPECT_EQ(guard.error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(guard.error().message.starts_with("policy.yaml:12:5: the filter 'odd' cannot be made: "));
}

TEST(Json, HoldsNoTextOfTheUser) {
  Bench bench;
  bench.filter("mail", "{needle: a@example.org, category: privacy, subtype: email, kind: EMAIL}");
  bench.policy->act("privacy", Action::kRewrite);
  const auto outcome = bench.check({{"user", "I am a@example.org."}});
  const std::string text = json::dump(to_json(outcome.decision));
  EXPECT_EQ(text.find("example.org"), std::string::npos);
  EXPECT_NE(text.find(R"("span":[5,18])"), std::string::npos);
}

}  // namespace
}  // namespace steward::guard
