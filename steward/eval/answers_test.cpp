#include "steward/eval/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "steward/core/json.h"
#include "steward/model/scripted/scripted_model.h"

namespace steward::eval {
namespace {

using ::testing::HasSubstr;

data::Row row(const std::string& text) {
  auto parsed = data::parse_row(json::parse(text)->as_object(), data::RowKind::kChat);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return std::move(*parsed);
}

TEST(Answers, AskForWhatStandsBeforeTheAnswerAndNothingOfIt) {
  model::ScriptedModel model("m",
                             [](const std::string& prompt) { return model::Script{{prompt.size() > 20 ? "two" : "o", "ne"}, {}, {}}; });
  const std::vector<data::Row> rows{
      row(R"({"prompt": "Q1", "completion": "one", "answers": ["one", "1"]})"),
      row(R"({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"},
                           {"role": "assistant", "content": "two"}]})")};
  std::size_t done = 0;
  AnswerOptions options;
  options.on_row = [&](std::size_t count) { done = count; };
  const auto written = answer_rows(model, rows, options);
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(model.prompts(), (std::vector<std::string>{"user: Q1\n", "user: a\nassistant: b\nuser: c\n"}));
  EXPECT_EQ(written->at(0).text, "one");
  EXPECT_EQ(written->at(0).right, (std::vector<std::string>{"one", "1"}));
  EXPECT_EQ(written->at(1).right, (std::vector<std::string>{"two"}));
  EXPECT_EQ(done, 2u);
  EXPECT_EQ(model.last_request().sampling.temperature, 0);
  EXPECT_TRUE(model.last_request().reproducible);
  EXPECT_EQ(measure(Task::kAnswer, *written)[0].values, (std::vector<double>{1, 0}));
}

TEST(Answers, NameTheRowThatTheModelCannotTake) {
  model::ScriptedModel model("m",
                             [](const std::string&) { return model::Script{{}, Error{ErrorCode::kInvalidInput, "too long", {}}, {}}; });
  data::Row long_row = row(R"({"prompt": "Q1", "completion": "one"})");
  long_row.line = 9;
  EXPECT_THAT(answer_rows(model, {long_row}, {}).error().message, HasSubstr("line 9: too long"));
}

}  // namespace
}  // namespace steward::eval
