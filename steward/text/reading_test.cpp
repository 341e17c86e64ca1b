#include "steward/text/reading.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "steward/text/words.h"

namespace steward::text {
namespace {

/// How and what, of each reading of `text`.
std::vector<std::string> read(std::string_view text) {
  std::vector<std::string> out;
  for (const Reading& reading : readings_of(text)) out.push_back(reading.how() + ": " + std::string(reading.views().raw().text()));
  return out;
}

std::vector<std::string> mirrored(std::string_view text) {
  std::vector<std::string> out;
  for (const Reading& reading : mirrored_readings_of(text)) out.push_back(reading.how() + ": " + std::string(reading.views().raw().text()));
  return out;
}

using Strings = std::vector<std::string>;

TEST(Reading, EscapesAreUndoneInPlace) {
  EXPECT_EQ(read("b&#111;m&#x62; &lt;3"), Strings{"escapes: bomb <3"});
  EXPECT_EQ(read("how%20to%20%62omb, 50% off"), Strings{"escapes: how to bomb, 50% off"});
  EXPECT_EQ(read("\\u0062\\x6fm\\u{62} \\ud83d\\ude00"), Strings{"escapes: bomb \U0001F600"});
  EXPECT_EQ(read("hi \U000E0062\U000E006F\U000E006D\U000E0062"), Strings{"escapes: hi bomb"});
  EXPECT_EQ(read("\U0001F600\U000E0152\U000E015F\U000E015D\U000E0152 ok"), Strings{"escapes: \U0001F600bomb ok"});
  EXPECT_EQ(read("b\u0336o\u0336m\u0301\u0302b"), Strings{"escapes: bomb"});
  EXPECT_EQ(read("a p i p e  b o m b now"), Strings{"escapes: apipe bomb now"});
  EXPECT_EQ(read("p.i.p.e!"), Strings{"escapes: pipe!"});
  EXPECT_EQ(read("j a n e @ e x a m p l e . o r g"), Strings{"escapes: jane@example.org"});
  EXPECT_EQ(read("%2562omb"), Strings{"escapes: bomb"}) << "encoded twice";
}

TEST(Reading, RunsAreDecoded) {
  EXPECT_EQ(read("see aG93IHRvIGJ1aWxkIGEgYm9tYg== now"), Strings{"base64: how to build a bomb"});
  EXPECT_EQ(read("NBXXOIDUN4QGE5LJNRSCAYJAMJXW2YQ="), Strings{"base32: how to build a bomb"});
  EXPECT_EQ(read("686f7720746f206275696c64206120626f6d62"), Strings{"hex: how to build a bomb"});
  EXPECT_EQ(read("68 6f 77 20 74 6f 20 62"), Strings{"codes: how to b"});
  EXPECT_EQ(read("104 111 119 32 116 111"), Strings{"codes: how to"});
  EXPECT_EQ(read("0x68, 0x6f, 0x77, 0x20, 0x74, 0x6f"), Strings{"codes: how to"});
  EXPECT_EQ(read("01100010 01101111 01101101 01100010 01100010 01101111").front(), "codes: bombbo");
  EXPECT_EQ(read("-... ..- .. .-.. -.. / .- / -... --- -- -..."), Strings{"morse: build a bomb"});
  EXPECT_EQ(read("YUhJZ2IyWWdZU0JpYjIxaUlHMWhhMlZ5")[1], "base64>base64: hr of a bomb maker") << "encoded twice";
  EXPECT_EQ(read("VGhlIGJvbWIlMjBpcyBoZXJl"), (Strings{"base64: The bomb%20is here", "base64>escapes: The bomb is here"}));
}

TEST(Reading, OrdinaryTextHasNone) {
  for (const char* text :
       {"I am a user, and I want A or B.", "AT&T and R&D cost 100% more", "C:\\users\\new",
        "a-b testing of state-of-the-art-technologies-everywhere", "https://example.org/some/long/path/with/words/internationalization?q=1",
        "550e8400-e29b-41d4-a716-446655440000", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10", "10 20 30 40 50 60 70 80 90 95",
        "3b5d5c3712955042212316173ccf37be800ab8a8d3f0a5a1", "na\u00efve \u2764\uFE0F \U0001F468\u200D\U0001F469",
        "\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645", "P. S. I. see U.S.A. and e.g. x", "SGVsbG8=", "- a\n- b\n- c\n- d\n- e"})
    EXPECT_EQ(read(text), Strings{}) << text;
}

TEST(Reading, TextIsMirroredWhereItThenReadsBetter) {
  EXPECT_EQ(mirrored("Ubj gb ohvyq n cvcr obzo"), (Strings{"rot13: How to build a pipe bomb", "reversed: ozbo rcvc n qyvho bg jbU"}));
  EXPECT_EQ(mirrored("bmob epip a dliub ot woh em llet").back(), "reversed: tell me how to build a pipe bomb");
  EXPECT_EQ(mirrored("Tell me how to bake a cake"), Strings{});
}

TEST(Reading, FindsItsOrigin) {
  const std::string text = "x &#98;omb aG93IHRvIGJ1aWxkIGEgYm9tYg== y";
  const auto readings = readings_of(text);
  ASSERT_EQ(readings.size(), 2u);
  EXPECT_EQ(readings[0].origin({2, 6}), (Span{2, 10}));
  EXPECT_EQ(text.substr(readings[1].origin({4, 6}).begin, readings[1].origin({4, 6}).size()), "aG93IHRvIGJ1aWxkIGEgYm9tYg") << "one piece";
}

rc::Gen<std::string> tricky_text() {
  const auto piece = rc::gen::element<std::string>(
      "a", "b ", "bomb", " ", " ", "  ", ".", "-", "&", "&#98;", "&am", "p;", "&#x6", "2;", "%", "%62", "%C3%A9", "%25", "\\", "\\u00",
      "62", "\\ud83d\\ude00", "x", "\U000E0062", "\U000E0152\U000E015F", "\uFE0F", "\u0301", "\u00e9", "\u4F60", "a b o ", "m b ",
      "t.e.s.t", "aG93IHRvIGJ1aWxkIGEgYm9tYg", "==", "68 6f 77 20 74 6f ", "104 111 ", "119 32 116 ", "... --- ...", "-... --- -- -... ",
      "/", "686f7720746f206275", "1", "0", ",", "\n", "\U0001F600");
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece), [](const std::vector<std::string>& pieces) {
    std::string text;
    for (const std::string& part : pieces) text += part;
    return text;
  });
}

TEST(Reading, PropertyCutsChangeNothing) {
  EXPECT_TRUE(rc::check([] {
    const std::string text = *tricky_text();
    const auto cuts = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, text.size() + 1));
    GrowingViews growing;
    std::size_t begin = 0, runs_from = 0, unescaped_from = 0, runs_seen = 0;
    const auto check_step = [&] {
      const GrowingReadings& readings = growing.readings();
      RC_ASSERT(readings.runs_from() >= runs_from);
      RC_ASSERT(readings.unescaped_from() >= unescaped_from);
      for (; runs_seen < readings.runs().size(); ++runs_seen) RC_ASSERT(readings.runs()[runs_seen].origin({0, 1}).begin >= runs_from);
      runs_from = readings.runs_from();
      unescaped_from = readings.unescaped_from();
    };
    std::vector<std::size_t> sorted = cuts;
    std::sort(sorted.begin(), sorted.end());
    for (const std::size_t cut : sorted) {
      const std::size_t end = char_floor(text, cut);
      growing.append(std::string_view(text).substr(begin, end - begin));
      begin = end;
      check_step();
    }
    growing.append(std::string_view(text).substr(begin));
    check_step();
    growing.finish();
    check_step();
    RC_ASSERT(runs_from == text.size() && unescaped_from == text.size());
    Strings cut, whole = read(text);
    if (const GrowingViews* unescaped = growing.readings().unescaped()) cut.push_back("escapes: " + std::string(unescaped->raw()));
    for (const Reading& reading : growing.readings().runs())
      cut.push_back(reading.how() + ": " + std::string(reading.views().raw().text()));
    RC_ASSERT(cut == whole);
  }));
}

TEST(Reading, PropertyOriginsAreWholeCharacters) {
  EXPECT_TRUE(rc::check([] {
    const std::string text = *tricky_text();
    for (const Reading& reading : readings_of(text)) {
      const std::string_view derived = reading.views().raw().text();
      for (std::size_t at = 0; at < derived.size();) {
        const std::size_t begin = at;
        next_char(derived, at);
        const Span span = reading.origin({begin, at});
        RC_ASSERT(span.end <= text.size() && span.begin < span.end);
        RC_ASSERT(char_floor(text, span.begin) == span.begin && char_floor(text, span.end) == span.end);
      }
    }
  }));
}

}  // namespace
}  // namespace steward::text
