#include "steward/model/llama/tool_prompt.h"

#include <gtest/gtest.h>

#include "steward/model/llama/chat_template.h"

namespace steward::model {
namespace {

GenerateRequest with_function(ToolChoice choice = {}) {
  GenerateRequest request;
  request.tools = {{"get_time", "Says the time.", json::Object{{"type", "object"}}, false}};
  request.tool_choice = std::move(choice);
  return request;
}

TEST(ToolPrompt, FunctionsStandInTheSystemMessage) {
  const auto made = with_tools({{"user", "hi", ""}}, with_function(), SystemPlace::kSystem);
  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0].role, "system");
  EXPECT_NE(made[0].content.find(
                R"({"type":"function","function":{"name":"get_time","description":"Says the time.","parameters":{"type":"object"}}})"),
            std::string::npos)
      << made[0].content;
  const auto joined = with_tools({{"system", "Be kind.", ""}, {"user", "hi", ""}}, with_function(), SystemPlace::kSystem);
  ASSERT_EQ(joined.size(), 2u);
  EXPECT_TRUE(joined[0].content.starts_with("Be kind.\n\n"));
  const auto user = with_tools({{"user", "hi", ""}}, with_function(), SystemPlace::kWithUser);
  ASSERT_EQ(user.size(), 1u);
  EXPECT_TRUE(user[0].content.ends_with("\n\nhi"));
  EXPECT_NE(with_tools({{"user", "hi", ""}}, with_function({ToolChoice::Kind::kNamed, "get_time"}), SystemPlace::kSystem)[0].content.find(
                "call of get_time"),
            std::string::npos);
}

TEST(ToolPrompt, WithoutFunctionsAMessageStaysAsItIs) {
  EXPECT_EQ(with_tools({{"user", "hi", ""}}, {}, SystemPlace::kSystem).size(), 1u);
  EXPECT_EQ(with_tools({{"user", "hi", ""}}, with_function({ToolChoice::Kind::kNone, ""}), SystemPlace::kSystem).size(), 1u);
}

TEST(ToolPrompt, CallsAndTheirResultsAreTold) {
  const auto made =
      with_tools({{"user", "hi", ""},
                  {"assistant", "Let me see.", "", {{"1", "get_time", "{\"zone\": \"CET\"}"}, {"2", "get_time", "broken"}}, ""},
                  {"tool", "12:00", "", {}, "1"},
                  {"tool", "13:00", "", {}, "2"},
                  {"assistant", "Noon.", ""}},
                 {}, SystemPlace::kSystem);
  ASSERT_EQ(made.size(), 4u);
  EXPECT_EQ(made[1].content,
            "Let me see.\n<tool_call>\n{\"name\": \"get_time\", \"arguments\": {\"zone\": \"CET\"}}\n</tool_call>\n"
            "<tool_call>\n{\"name\": \"get_time\", \"arguments\": \"broken\"}\n</tool_call>");
  EXPECT_TRUE(made[1].tool_calls.empty());
  EXPECT_EQ(made[2].role, "user");
  EXPECT_EQ(made[2].content, "<tool_response>\n12:00\n</tool_response>\n<tool_response>\n13:00\n</tool_response>")
      << "users and assistants alternate";
  EXPECT_EQ(made[3].content, "Noon.");
}

TEST(ChatTemplate, TellsWhetherItKnowsSystemMessages) {
  const std::string body = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}";
  EXPECT_TRUE(ChatTemplate::parse(body, "", "")->knows_system_role());
  EXPECT_FALSE(ChatTemplate::parse("{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" + body, "", "")
                   ->knows_system_role());
}

}  // namespace
}  // namespace steward::model
