// Runs cases/guard/*.jsonl: what went in, in which chunks, what came out. Each case also goes through the conformance
// check.
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "steward/core/files.h"
#include "steward/core/json.h"
#include "steward/filters/scripted/scripted.h"
#include "steward/guard/conformance.h"
#include "steward/guard/testing/table_policy.h"

namespace steward::filters {
namespace {

using guard::testing::TablePolicy;

policy::Action action_named(std::string_view name) {
  using enum policy::Action;
  for (const policy::Action action : {kPass, kLog, kRewrite, kCanned, kBlock})
    if (policy::to_string(action) == name) return action;
  ADD_FAILURE() << "no such action: " << name;
  return kPass;
}

std::shared_ptr<TablePolicy> policy_of(const json::Object& test) {
  auto policy = std::make_shared<TablePolicy>();
  for (const json::Value& value : test.at("filters").as_array()) {
    const json::Object& filter = value.as_object();
    auto spec = TablePolicy::filter(std::string(filter.at("name").as_string()), "scripted", json::dump(filter.at("config")));
    if (filter.contains("stream")) spec.stream_mode = policy::StreamMode::kAdvisory;
    if (filter.contains("fail")) spec.fail_mode = policy::FailMode::kOpen;
    policy->filter_specs.push_back(std::move(spec));
  }
  for (const auto& [category, action] : test.at("actions").as_object())
    policy->act(std::string(category), action_named(std::string(action.as_string())));
  return policy;
}

std::string expected_of(const json::Object& test, std::string_view key) { return json::dump(test.at(key)); }

void compare(const json::Object& test, const guard::Decision& decision) {
  EXPECT_EQ(policy::to_string(decision.action), std::string(test.at("action").as_string()));
  if (test.contains("finish_reason")) EXPECT_EQ(decision.finish_reason, std::string(test.at("finish_reason").as_string()));
  EXPECT_EQ(decision.failed_closed, test.contains("failed_closed"));
  EXPECT_EQ(decision.reply.empty(), decision.action < policy::Action::kCanned);
  if (test.contains("held_bytes_max")) EXPECT_EQ(std::to_string(decision.held_bytes_max), expected_of(test, "held_bytes_max"));
  if (test.contains("lag_bytes_max")) EXPECT_EQ(std::to_string(decision.scanned.at(0).lag_bytes_max), expected_of(test, "lag_bytes_max"));
  json::Array spans, late, skipped;
  for (const auto& [finding, ruling] : decision.findings) {
    spans.push_back(json::Array{finding.span.begin, finding.span.end});
    late.push_back(finding.late);
  }
  for (const auto& record : decision.scanned) skipped.push_back(json::Value(record.skipped));
  if (test.contains("findings")) EXPECT_EQ(json::dump(spans), expected_of(test, "findings"));
  if (test.contains("late")) EXPECT_EQ(json::dump(late), expected_of(test, "late"));
  if (test.contains("skipped")) EXPECT_EQ(json::dump(skipped), expected_of(test, "skipped"));
}

void run(const json::Object& test) {
  const ManualClock clock;
  const auto policy = policy_of(test);
  const auto guard = guard::Guard::create(policy, make_scripted, {}, clock).value();
  const guard::Turn turn{{}, std::make_shared<guard::Conversation>(Key{})};
  const auto output = guard->open_output(turn);
  json::Array releases;
  std::string text;
  for (const json::Value& chunk : test.at("chunks").as_array()) {
    text += chunk.as_string();
    releases.push_back(json::Value(output->push(std::string_view(chunk.as_string())).text));
  }
  const guard::Release last = output->finish();
  EXPECT_TRUE(last.ended);
  releases.push_back(json::Value(last.text));
  EXPECT_EQ(json::dump(releases), expected_of(test, "releases"));
  compare(test, output->decision());
  EXPECT_EQ(guard::check_stream_invariance(*guard, turn, text, 100, 7), "");
}

TEST(GuardCases, AllHold) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(STEWARD_SOURCE_DIR) + "/cases/guard")) {
    if (entry.path().extension() != ".jsonl") continue;
    std::istringstream lines(read_file(entry.path().string()).value());
    for (std::string line; std::getline(lines, line); ++count) {
      const json::Value test = json::parse(line).value();
      SCOPED_TRACE(std::string(test.as_object().at("name").as_string()));
      run(test.as_object());
    }
  }
  EXPECT_GE(count, 20);
}

}  // namespace
}  // namespace steward::filters
