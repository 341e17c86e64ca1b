#include "steward/guard/shadow.h"

#include <gtest/gtest.h>

#include "steward/guard/guard.h"
#include "steward/guard/testing/needle_filter.h"
#include "steward/guard/testing/table_policy.h"

namespace steward::guard {
namespace {

using policy::Action;
using testing::NeedleFilter;
using testing::TablePolicy;

/// One filter that decides and, unless taken out, some in shadow that would decide otherwise or fail.
class Shadow : public ::testing::Test {
 protected:
  Shadow() {
    policy_->act("harm", Action::kBlock);
    policy_->act("private", Action::kRewrite);
    policy_->filter_specs.push_back(TablePolicy::filter("names", "needle", "{needle: Bob, category: private, kind: NAME}"));
    without_ = Guard::create(policy_, NeedleFilter::make, {}, clock_).value();
    with_policy_->rulings = policy_->rulings;
    for (const auto& [name, config] :
         {std::pair{"new", "{needle: BAD, category: harm}"}, std::pair{"newer", "{needle: Ann, category: private, kind: NAME}"},
          std::pair{"broken", "{fail: true}"}}) {
      with_policy_->filter_specs.push_back(TablePolicy::filter(name, "needle", config));
      with_policy_->filter_specs.back().shadow = true;
    }
    with_policy_->filter_specs.push_back(policy_->filter_specs.front());
    with_ = Guard::create(with_policy_, NeedleFilter::make, {}, clock_).value();
    context_.language = "en";
  }
  Turn turn() const { return {context_, std::make_shared<Conversation>(Key{})}; }
  static std::string found(const std::vector<RuledFinding>& findings) {
    std::string out;
    for (const RuledFinding& ruled : findings)
      out += ruled.finding.filter + ":" + std::to_string(ruled.finding.message) + ":" + std::to_string(ruled.finding.span.begin) + " " +
             std::string(policy::to_string(ruled.ruling.action)) + "; ";
    return out;
  }

  ManualClock clock_;
  policy::Context context_;
  std::shared_ptr<TablePolicy> policy_ = std::make_shared<TablePolicy>(), with_policy_ = std::make_shared<TablePolicy>();
  std::shared_ptr<const Guard> without_, with_;
};

TEST_F(Shadow, AnInputIsDecidedAsWithoutThem) {
  const std::vector<Message> messages = {{"system", "BAD"}, {"user", "Ann and Bob"}, {"user", "are BAD"}};
  const auto plain = without_->check_input(turn(), messages), shadowed = with_->check_input(turn(), messages);
  EXPECT_EQ(shadowed.decision.action, Action::kRewrite);
  EXPECT_EQ(shadowed.messages[1].text, "Ann and [NAME_1]") << "a placeholder of a filter in shadow takes no number";
  for (std::size_t i = 0; i < messages.size(); ++i) EXPECT_EQ(shadowed.messages[i].text, plain.messages[i].text);
  EXPECT_EQ(found(shadowed.decision.findings), found(plain.decision.findings));
  EXPECT_EQ(found(shadowed.decision.shadow), "newer:1:0 rewrite; new:2:4 block; ");
  EXPECT_FALSE(shadowed.decision.failed_closed);
  EXPECT_EQ(shadowed.decision.scanned[2].skipped, "failed in shadow: the needle is lost");
}

TEST_F(Shadow, WhatWasJudgedIsNotLookedAtAgain) {
  const Turn same = turn();
  with_->check_input(same, {{"user", "so BAD"}});
  const auto next = with_->check_input(same, {{"user", "so BAD"}, {"assistant", "no"}, {"user", "really BAD"}});
  EXPECT_EQ(found(next.decision.shadow), "new:2:7 block; ");
}

TEST_F(Shadow, AnOutputIsReleasedAsWithoutThem) {
  for (const bool whole : {false, true}) {
    for (const std::string text : {"Bob is BAD", "it is BAD"}) {
      std::string released[2], at_end[2];
      for (const auto& guard : {without_, with_}) {
        const auto output = guard->open_output(turn());
        std::string& out = released[guard == with_ ? 1 : 0];
        if (whole) {
          out = output->take_whole(text).text;
        } else {
          for (const char c : text) out += output->push(std::string(1, c)).text + "|";
          out += output->finish().text;
        }
        EXPECT_TRUE(output->decision().shadow.empty()) << "they look when all is released";
        EXPECT_EQ(output->shadow_due(), guard == with_);
        output->run_shadow();
        output->run_shadow();
        EXPECT_FALSE(output->shadow_due());
        at_end[guard == with_ ? 1 : 0] = found(output->decision().findings);
        if (guard == with_) EXPECT_EQ(found(output->decision().shadow), "new:0:" + std::to_string(text.find("BAD")) + " block; ");
      }
      EXPECT_EQ(released[1], released[0]);
      EXPECT_EQ(at_end[1], at_end[0]);
    }
  }
}

TEST_F(Shadow, OneTextIsLookedAtToo) {
  const Decision decision = with_->check_text(context_, policy::Direction::kOutput, "BAD Bob");
  EXPECT_EQ(decision.action, Action::kRewrite);
  EXPECT_EQ(found(decision.shadow), "new:0:0 block; ");
  const json::Object written = to_json(decision);
  EXPECT_EQ(written.at("shadow").at(0).at("action").as_string(), "block");
  EXPECT_EQ(written.at("findings").as_array().size(), 1u);
  EXPECT_FALSE(to_json(without_->check_text(context_, policy::Direction::kOutput, "BAD")).contains("shadow"));
}

}  // namespace
}  // namespace steward::guard
