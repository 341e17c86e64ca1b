#include "steward/model/llama/tool_call_reader.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <numeric>

namespace steward::model {
namespace {

struct Reading {
  std::string text;
  std::string order;  ///< "t" a stretch of text, "c" a call
  std::vector<ToolCall> calls;
  bool operator==(const Reading& other) const { return flat() == other.flat(); }
  std::string flat() const {
    std::string out = text + "|" + order;
    for (const ToolCall& call : calls) out += "|" + call.id + " " + call.name + " " + call.arguments;
    return out;
  }
};

void add(std::vector<ToolCallReader::Event> events, Reading& out) {
  for (auto& event : events) {
    const bool call = event.kind == ToolCallReader::Event::Kind::kCall;
    if (call || !out.order.ends_with('t')) out.order += call ? 'c' : 't';
    if (call) out.calls.push_back(std::move(event.call));
    out.text += event.text;
  }
}

/// `cuts`: sizes of the pieces; what is left comes at once.
Reading read(std::string_view reply, const std::vector<std::size_t>& cuts = {}) {
  ToolCallReader reader({"weather", "stop"}, 7);
  Reading out;
  for (const std::size_t cut : cuts) {
    add(reader.push(reply.substr(0, cut)), out);
    reply.remove_prefix(std::min(cut, reply.size()));
  }
  add(reader.push(reply), out);
  add(reader.finish(), out);
  EXPECT_EQ(reader.calls(), static_cast<int>(out.calls.size()));
  return out;
}

std::string call(const std::string& body) { return "<tool_call>" + body + "</tool_call>"; }
const std::string kGood = call("\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}\n");

TEST(ToolCallReader, TakesACallOutOfTheText) {
  const Reading got = read("Let me look. " + kGood);
  EXPECT_EQ(got.text, "Let me look. ");
  EXPECT_EQ(got.order, "tc");
  EXPECT_EQ(got.calls.at(0).name, "weather");
  EXPECT_EQ(got.calls.at(0).arguments, "{\"city\": \"Oslo\"}") << "as the model wrote it";
  EXPECT_EQ(got.calls.at(0).id.size(), 29u);
  EXPECT_TRUE(got.calls.at(0).id.starts_with("call_"));
}

TEST(ToolCallReader, SeveralCallsHaveIdsOfTheirOwnAndNoSpaceBetween) {
  const Reading got = read(kGood + "\n" + kGood + "\n\n" + call("{\"arguments\":{},\"name\":\"stop\"}") + " \n and so on");
  EXPECT_EQ(got.text, "and so on");
  EXPECT_EQ(got.order, "ccct");
  EXPECT_NE(got.calls.at(0).id, got.calls.at(1).id);
  EXPECT_EQ(got.calls.at(2).arguments, "{}");
}

TEST(ToolCallReader, TheEndMarkerInAStringIsNoEnd) {
  const std::string arguments = R"({"city": "a </tool_call> \" <tool_call>", "n": [1, {"}": "{"}]})";
  const Reading got = read(call("{\"name\":\"weather\",\"arguments\":" + arguments + "}"));
  EXPECT_EQ(got.order, "c");
  EXPECT_EQ(got.calls.at(0).arguments, arguments);
}

TEST(ToolCallReader, ArgumentsWrittenAsATextAreRead) {
  EXPECT_EQ(read(call(R"({"name":"weather","arguments":"{\"city\":\"Oslo\"}"})")).calls.at(0).arguments, R"({"city":"Oslo"})");
}

TEST(ToolCallReader, WhatIsNoCallComesBackAsText) {
  for (const std::string& body :
       {std::string("oops"), std::string("{\"name\":\"weather\",\"arguments\":{}"), std::string("{\"name\":\"other\",\"arguments\":{}}"),
        std::string("{\"name\":\"weather\"}"), std::string("{\"name\":\"weather\",\"arguments\":[1]}"), std::string("[]"),
        std::string("{\"name\":\"weather\",\"arguments\":\"no JSON\"}"), std::string("{\"name\":7,\"arguments\":{}}"),
        std::string("\"open"), std::string("{\"name\":\"weather\",\"arguments\":{},\"arguments\":{}}"),
        std::string("{\"name\":\"weather\",\"\\u0061rguments\":{}}"),
        std::string("{\"name\":\"weather\",\"arguments\":{\"a\":\"\xff\"}}")}) {
    const Reading got = read("x " + call(body) + " y");
    EXPECT_EQ(got.text, "x " + call(body) + " y");
    EXPECT_TRUE(got.calls.empty()) << body;
  }
  EXPECT_EQ(read("a <tool_call>{\"name\"").text, "a <tool_call>{\"name\"") << "cut off";
  EXPECT_EQ(read("a <tool_cal").text, "a <tool_cal");
}

TEST(ToolCallReader, AFailedCallDoesNotHideTheNext) {
  const Reading got = read("<tool_call>\"hm " + kGood + " or <tool_call> no: " + kGood);
  EXPECT_EQ(got.calls.size(), 2u) << "the first marker opens a string that does not end";
  EXPECT_EQ(read("<tool_call>hm " + kGood).calls.size(), 1u);
}

TEST(ToolCallReader, TextGoesOutUntilItMayBeAMarker) {
  ToolCallReader reader({"weather"}, 1);
  const auto text = [&](std::string_view piece) {
    std::string out;
    for (const auto& event : reader.push(piece)) out += event.text;
    return out;
  };
  EXPECT_EQ(text("a < b <"), "a < b ");
  EXPECT_EQ(text("tool"), "");
  EXPECT_EQ(text("box>"), "<toolbox>");
  EXPECT_EQ(text("z<tool_call>{"), "z");
  EXPECT_EQ(text("anything"), "");
}

TEST(ToolCallReader, AnEndlessCallIsGivenBack) {
  const std::string reply = "<tool_call>{\"name\": \"" + std::string(300'000, 'x');
  const Reading got = read(reply);
  EXPECT_EQ(got.text, reply);
  EXPECT_EQ(read(reply, {100, 262'144, 1, 1, 5}), got);
}

RC_GTEST_PROP(ToolCallReader, DoesNotDependOnCuts, ()) {
  const std::vector<std::string> pieces = {"<tool_call>",
                                           "</tool_call>",
                                           "<",
                                           "tool_call>",
                                           "{\"name\": \"weather\", \"arguments\": {\"a\": \"<",
                                           "\"}}",
                                           "\\\"",
                                           "\"",
                                           " ",
                                           "\n",
                                           "text",
                                           "{\"name\":\"stop\",\"arguments\":{}}",
                                           kGood,
                                           "\xc3\xa9",
                                           "}"};
  std::string reply;
  const auto picks = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, pieces.size()));
  for (const std::size_t pick : picks) reply += pieces[pick];
  const auto cuts = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 9));
  const Reading whole = read(reply);
  const std::size_t total = std::accumulate(cuts.begin(), cuts.end(), std::size_t{0});
  RC_ASSERT(read(reply, total > reply.size() ? std::vector<std::size_t>(reply.size(), 1) : cuts) == whole);
  if (whole.calls.empty()) RC_ASSERT(whole.text == reply);
}

}  // namespace
}  // namespace steward::model
