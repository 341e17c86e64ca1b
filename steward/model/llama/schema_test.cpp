// What schemas are taken, and with which bounds; whether a grammar binds is in forced_test.cpp, with the real vocabulary.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "steward/model/llama/reply_grammar.h"
#include "steward/model/llama/schema_check.h"
#include "steward/model/llama/schema_pattern.h"

namespace steward::model {
namespace {

std::string problem(const std::string& schema, Enforcement enforcement = Enforcement::kInPart) {
  const auto checked = check_schema(json::parse(schema).value(), enforcement);
  return checked ? "" : checked.error().message;
}

TEST(SchemaPattern, ClassesAreWrittenOutAndJsonStaysWhole) {
  EXPECT_EQ(json_string_pattern(R"(^\d{3}-\w+$)").value(), "^[0-9]{3}-[A-Za-z0-9_]+$");
  EXPECT_EQ(json_string_pattern("^a.$").value(), R"(^a[^"\\\x7F\x00-\x1F]$)");
  EXPECT_EQ(json_string_pattern(R"(^[^\d-]$)").value(), R"(^[^0-9\-"\\\x7F\x00-\x1F]$)");
  EXPECT_EQ(json_string_pattern(R"(^(?:ab|c)\.$)").value(), R"(^(ab|c)\.$)");
  const std::string anything = R"([^"\\\x7F\x00-\x1F]*)";
  EXPECT_EQ(json_string_pattern("ab").value(), "^" + anything + "ab" + anything + "$") << "a pattern may match anywhere";
  EXPECT_EQ(json_string_pattern(R"(^a\$)").value(), R"(^a\$)" + anything + "$") << "an escaped anchor is none";
}

TEST(SchemaPattern, WhatCannotBeHeldToIsRefused) {
  for (const char* pattern : {"a|b",
                              "(a|)",
                              "(|a)",
                              "(a",
                              "a)",
                              "a**",
                              "a+?",
                              "(a+)+",
                              "(a{2}){3}",
                              "((a?)b){2}",
                              "a{5,3}",
                              "a{1001}",
                              "a{1000}b{1000}c{2}",
                              "a{,2}",
                              "a{x}",
                              "[]",
                              "[a",
                              "[z-a]",
                              "[ -~]",
                              "[\"]",
                              R"([\\])",
                              "\"",
                              R"(\\)",
                              R"(\n)",
                              R"(\u0041)",
                              R"(\1)",
                              R"(\b)",
                              "(?=a)",
                              "(?<n>a)",
                              "a^b",
                              "*",
                              "a\\",
                              "(((((((((((((((((a)))))))))))))))))"})
    EXPECT_FALSE(json_string_pattern(pattern)) << pattern;
  EXPECT_FALSE(json_string_pattern(std::string(513, 'a')));
}

TEST(SchemaCheck, TakesWhatClientsSend) {
  EXPECT_EQ(
      problem(
          R"({"type":"object","properties":{"a":{"type":"string"},"b":{"anyOf":[{"type":"integer","minimum":1,"maximum":9},{"type":"null"}]}},
                        "required":["a","b"],"additionalProperties":false})",
          Enforcement::kWhole),
      "");
  EXPECT_EQ(problem(R"({"type":"object","properties":{"children":{"type":"array","items":{"$ref":"#/$defs/node"}}},"required":["children"],
                        "$defs":{"node":{"type":"object","properties":{"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},"required":["next"]}}})",
                    Enforcement::kWhole),
            "");
  EXPECT_EQ(problem(R"({"type":"number","minimum":1})"), "") << "left out where the schema is not strict";
  EXPECT_NE(problem(R"({"type":"number","minimum":1})", Enforcement::kWhole), "");
}

TEST(SchemaCheck, NamesWhatIsWrongAndNeverQuotesTheSchema) {
  for (const char* schema : {R"({"$ref":"https://secret.example/schema"})",
                             R"({"$ref":"#/$defs/secret"})",
                             R"({"$ref":"#"})",
                             R"({"$ref":"#/secret","secret":{"minLength":99999}})",
                             R"({"type":["string","string"]})",
                             R"({"properties":{"secret":7}})",
                             R"({"properties":[]})",
                             R"({"required":7,"properties":{}})",
                             R"({"minItems":5,"maxItems":2})",
                             R"({"maxItems":1001})",
                             R"({"minLength":-1})",
                             R"({"maxLength":2001})",
                             R"({"maxLength":1.5})",
                             R"({"minimum":9,"maximum":2})",
                             R"({"minimum":1e300})",
                             R"({"minimum":"secret"})",
                             R"({"exclusiveMinimum":1,"exclusiveMaximum":2,"type":"integer"})",
                             R"({"pattern":"(secret+)+"})",
                             R"({"items":false})",
                             R"({"anyOf":[{"$ref":"#/anyOf"}]})",
                             R"({"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"})",
                             R"({"allOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"$ref":"#/$defs/a"}}})",
                             R"({"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"type":"null"}]}},"$ref":"#/$defs/a"})"}) {
    const std::string message = problem(schema);
    EXPECT_NE(message, "") << schema;
    EXPECT_EQ(message.find("secret"), std::string::npos) << message;
  }
  for (const char* schema : {R"({"type":"string","not":{}})", R"({"secret":1})", R"({"type":"string","minimum":1})",
                             R"({"anyOf":[{"type":"null"}],"properties":{}})", R"({"type":"object","properties":{},"required":["a"]})",
                             R"({"allOf":[{"type":"object"}]})"}) {
    EXPECT_NE(problem(schema, Enforcement::kWhole), "") << schema;
    EXPECT_EQ(problem(schema), "") << schema;
  }
}

TEST(SchemaCheck, BoundsWhatAGrammarWouldCost) {
  std::string deep = R"({"type":"string"})";
  for (int i = 0; i < 25; ++i) deep = R"({"type":"array","items":)" + deep + "}";
  EXPECT_NE(problem(deep), "");
  std::string wide, optional, merged, lengths, chain = R"({"$ref":"#/$defs/d0","$defs":{)";
  for (int i = 0; i < 65; ++i) wide += (i ? "," : "") + std::string(R"({"type":"string"})");
  for (int i = 0; i < 65; ++i) optional += fmt::format(R"({}"p{}":{{}})", i ? "," : "", i);
  for (int i = 0; i < 6; ++i) lengths += fmt::format(R"({}"p{}":{{"type":"string","maxLength":2000}})", i ? "," : "", i);
  // Each part has two alternatives that both are the next part: 2^30 ways to begin.
  for (int i = 0; i < 30; ++i)
    chain += fmt::format(R"("d{}":{{"anyOf":[{{"$ref":"#/$defs/d{}"}},{{"$ref":"#/$defs/d{}"}}]}},)", i, i + 1, i + 1);
  chain += R"("d30":{"type":"null"}}})";
  EXPECT_NE(problem(R"({"anyOf":[)" + wide + "]}"), "");
  EXPECT_NE(problem(R"({"properties":{)" + optional + "}}"), "");
  EXPECT_NE(problem(R"({"allOf":[{"properties":{)" + optional.substr(0, optional.find(",\"p40")) + R"(}},{"properties":{)" +
                    optional.substr(optional.find("\"p40")) + "}}]}"),
            "");
  EXPECT_NE(problem(R"({"properties":{)" + lengths + "}}"), "");
  EXPECT_NE(problem(chain), "");
  EXPECT_NE(problem(R"({"title":")" + std::string(70'000, 'x') + "\"}"), "");
  EXPECT_NE(problem(R"({"properties":{")" + std::string(200, 'x') + "\":{}}}"), "");
  // Nine lists of themselves: nine ways more with each bracket.
  std::string lists;
  for (int i = 0; i < 9; ++i) lists += (i ? "," : "") + std::string(R"({"type":"array","items":{"$ref":"#/$defs/a"}})");
  EXPECT_NE(problem(R"({"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[)" + lists + "]}}}"), "");
}

TEST(ReplyRules, ErrorsNameTheField) {
  const auto param = [](GenerateRequest request) {
    const auto rules = reply_rules(request);
    return rules ? "" : rules.error().param;
  };
  GenerateRequest request;
  EXPECT_EQ(param(request), "");
  request.format = {ResponseFormat::Kind::kJsonSchema, "n", json::parse(R"({"$ref":"http://x"})").value(), false};
  EXPECT_EQ(param(request), "response_format");
  request.format = {ResponseFormat::Kind::kJsonSchema, "n", json::parse(R"({"type":"frog"})").value(), false};
  EXPECT_EQ(param(request), "response_format");
  request.format = {};
  request.tools = {{"f", "", json::parse(R"({"maxLength":1e9})").value(), false}};
  EXPECT_EQ(param(request), "tools");
  request.tools = {{"f", "", nullptr, false}, {"f", "", nullptr, false}};
  EXPECT_EQ(param(request), "tools");
  request.tools = {{"a b", "", nullptr, false}};
  EXPECT_EQ(param(request), "tools");
  request.tools = {{"f", "", nullptr, false}};
  request.tool_choice = {ToolChoice::Kind::kNamed, "g"};
  EXPECT_EQ(param(request), "tool_choice");
  request.tool_choice = {ToolChoice::Kind::kRequired, ""};
  EXPECT_EQ(param(request), "");
  request.tools.clear();
  EXPECT_EQ(param(request), "tool_choice");
}

}  // namespace
}  // namespace steward::model
