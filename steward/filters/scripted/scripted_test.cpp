#include "steward/filters/scripted/scripted.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <numeric>

#include "steward/guard/conformance.h"
#include "steward/guard/output_stream.h"
#include "steward/guard/testing/table_policy.h"

namespace steward::filters {
namespace {

using guard::testing::TablePolicy;
using policy::Action;

std::shared_ptr<const guard::Guard> guard_of(std::shared_ptr<TablePolicy> policy) {
  static const ManualClock clock;
  return guard::Guard::create(std::move(policy), make_scripted, {}, clock).value();
}

guard::Turn new_turn() { return {{}, std::make_shared<guard::Conversation>(Key{})}; }

/// An alphabet of few letters, so that literals overlap and nest; and of all kinds of characters, bad bytes too.
const std::vector<std::string> kPieces = {"a",      "b",      "ab",     "ba",         " ",        ".",    "A",
                                          "\u00e9", "\u4f60", "\u0e01", "\U0001F600", "\xE2\x82", "\xFF", "aaaaaaaaaaaa"};

std::string text_of(int pieces_max) {
  std::string out;
  const int count = *rc::gen::inRange(0, pieces_max);
  for (int i = 0; i < count; ++i) out += *rc::gen::elementOf(kPieces);
  return out;
}

std::string any_of(const std::vector<std::string>& choices) { return *rc::gen::elementOf(choices); }

std::string random_config(bool fails) {
  std::string out = "{view: " + any_of({"raw", "folded", "skeleton"}) + ", lag_bytes: " + any_of({"0", "0", "0", "5"});
  if (*rc::gen::inRange(0, 8) == 0) out += ", hold_all: true";
  if (fails) out += ", fail: stream, fail_after_bytes: " + std::to_string(*rc::gen::inRange(0, 40));
  out += ", rules: [";
  const int rules = *rc::gen::inRange(1, 4);
  for (int i = 0; i < rules; ++i) {
    const std::string literal =
        any_of({"ab", "ba", "a", "aab", "b a", "a.", "bab ab", "\u4f60a", "\u00e9", "a\u4f60", "aaaaaa aaaaaaaaaaaaaaaaaaaaaa"});
    out += "{text: \"" + literal + "\", category: " + any_of({"block", "rewrite", "log", "canned", "rewrite", "rewrite"}) +
           ", severity: " + any_of({"0", "1", "2"}) + ", replace: \"" + any_of({"", "X", "long text"}) + "\"";
    if (*rc::gen::inRange(0, 6) == 0) out += ", restore: true";
    out += "}, ";
  }
  return out + "]}";
}

std::shared_ptr<TablePolicy> random_policy() {
  auto policy = std::make_shared<TablePolicy>();
  for (const auto& [name, action] :
       {std::pair("block", Action::kBlock), {"rewrite", Action::kRewrite}, {"log", Action::kLog}, {"canned", Action::kCanned}})
    policy->act(name, action);
  const int filters = *rc::gen::inRange(1, 4);
  for (int i = 0; i < filters; ++i) {
    auto spec = TablePolicy::filter("f" + std::to_string(i), "scripted", random_config(*rc::gen::inRange(0, 10) == 0));
    if (*rc::gen::inRange(0, 5) == 0) spec.stream_mode = policy::StreamMode::kAdvisory;
    if (*rc::gen::inRange(0, 2) == 0) spec.fail_mode = policy::FailMode::kOpen;
    policy->filter_specs.push_back(std::move(spec));
  }
  return policy;
}

TEST(Stream, PropertyCutsChangeNothingAndNoBlockedByteIsSent) {
  EXPECT_TRUE(rc::check([] {
    const auto guard = guard_of(random_policy());
    const std::string text = text_of(60);
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    RC_ASSERT(guard::check_stream_invariance(*guard, new_turn(), text, 30, seed) == "");
  }));
}

TEST(Stream, ThousandsOfCutsOfOneText) {
  auto policy = std::make_shared<TablePolicy>();
  policy->filter_specs = {
      TablePolicy::filter("words", "scripted",
                          "{view: folded, rules: [{text: 'Ann Example', category: privacy, replace: '[NAME]'}, "
                          "{text: 'pour the acid', category: harm}]}"),
      TablePolicy::filter("mail", "scripted", "{rules: [{text: 'ann@example.org', category: privacy, replace: '[EMAIL]'}]}")};
  policy->act("privacy", Action::kRewrite);
  policy->act("harm", Action::kBlock);
  const std::string text = "Dear ANN EXAMPLE (ann@example.org), \u4f60\u597d \U0001F600: then Pour the acid over it. ann example";
  EXPECT_EQ(guard::check_stream_invariance(*guard_of(policy), new_turn(), text, 3000, 1), "");
}

TEST(Stream, HeldTextIsBounded) {
  for (const auto mode : {policy::FailMode::kClosed, policy::FailMode::kOpen}) {
    auto policy = std::make_shared<TablePolicy>();
    policy->filter_specs = {TablePolicy::filter("words", "scripted", "{rules: [{text: 'x y', category: mask, replace: Z}]}"),
                            TablePolicy::filter("slow", "scripted", "{hold_all: true}")};
    policy->filter_specs[1].fail_mode = mode;
    policy->act("mask", Action::kRewrite);
    const auto output = guard_of(policy)->open_output(new_turn());
    std::string sent;
    for (int i = 0; i < 500; ++i) {
      sent += output->push("0123456 x y").text;
      EXPECT_TRUE(output->decision().failed_closed || output->held_bytes() <= guard::kHeldBytesMax + 27);
    }
    sent += output->finish().text;
    EXPECT_LE(output->decision().held_bytes_max, guard::kHeldBytesMax + 27);
    if (mode == policy::FailMode::kClosed) {
      EXPECT_TRUE(output->decision().failed_closed);
      EXPECT_EQ(output->decision().action, Action::kBlock);
      EXPECT_EQ(sent, "");
    } else {
      EXPECT_EQ(output->decision().action, Action::kRewrite);
      EXPECT_EQ(sent.size(), 500u * 9);
      EXPECT_EQ(output->decision().scanned[1].skipped, "failed open: it held back more of the reply than may be held");
    }
  }
}

TEST(Stream, AFilterThatIsTooSlowHasFailed) {
  auto policy = std::make_shared<TablePolicy>();
  policy->filter_specs = {TablePolicy::filter("slow", "scripted", "{delay_us: 3000}")};
  policy->filter_specs[0].deadline = std::chrono::microseconds(1000);
  const auto output = guard_of(policy)->open_output(new_turn());
  EXPECT_TRUE(output->push("one ").ended);
  EXPECT_TRUE(output->decision().failed_closed);
  EXPECT_EQ(output->decision().scanned[0].skipped, "failed closed: it took longer than its deadline_ms");
  const auto decision = guard_of(policy)->check_text({}, policy::Direction::kInput, "one");
  EXPECT_TRUE(decision.failed_closed);
}

TEST(Stream, AfterItsEndNothingComes) {
  auto policy = std::make_shared<TablePolicy>();
  policy->filter_specs = {TablePolicy::filter("words", "scripted", "{rules: [{text: bad, category: harm}]}")};
  policy->act("harm", Action::kBlock);
  const auto output = guard_of(policy)->open_output(new_turn());
  const guard::Release first = output->push("so bad ");
  EXPECT_EQ(first.text, "so ");
  EXPECT_TRUE(first.ended);
  for (const guard::Release& later : {output->push("more "), output->finish(), output->finish()}) {
    EXPECT_EQ(later.text, "");
    EXPECT_TRUE(later.ended);
  }
  EXPECT_EQ(output->decision().reply, "I'm sorry, but no (harm, und).");
}

TEST(Stream, OutlivesItsGuard) {
  auto policy = std::make_shared<TablePolicy>();
  policy->filter_specs = {TablePolicy::filter("words", "scripted", "{rules: [{text: bad, category: harm}]}")};
  policy->act("harm", Action::kBlock);
  auto guard = guard_of(std::move(policy));
  const auto output = guard->open_output(new_turn());
  guard.reset();
  EXPECT_EQ(output->push("so bad ").text, "so ");
}

TEST(Config, ErrorsSayWhatToWrite) {
  const auto error_of = [](const std::string& config) {
    const auto filter = make_scripted(TablePolicy::filter("s", "scripted", config), {});
    return filter ? std::string() : filter.error().message;
  };
  EXPECT_EQ(error_of("{rules: [{text: a, category: b}], view: skeleton, fail: never, delay_us: 1, lag_bytes: 2, hold_all: false}"), "");
  EXPECT_NE(error_of("{rule: []}").find("did you mean 'rules'"), std::string::npos);
  EXPECT_NE(error_of("{view: upside_down}").find("raw, folded or skeleton"), std::string::npos);
  EXPECT_NE(error_of("{fail: maybe}").find("never, scan or stream"), std::string::npos);
  EXPECT_NE(error_of("{rules: [{text: '', category: b}]}").find("needs a `text`"), std::string::npos);
  EXPECT_NE(error_of("{rules: [{text: a}]}").find("needs a `category`"), std::string::npos);
  EXPECT_NE(error_of("{rules: [{text: a, category: b, severity: 4}]}").find("0 to 3"), std::string::npos);
  EXPECT_NE(error_of("{rules: [{text: a, category: b, restore: true}]}").find("the text to put back"), std::string::npos);
}

}  // namespace
}  // namespace steward::filters
