#include "steward/model/llama/text_release.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "steward/text/view.h"

namespace steward::model {
namespace {

struct Released {
  std::string text;
  std::vector<std::string> tokens;
  bool stopped = false;
};

Released release(const std::vector<std::string>& pieces, const std::vector<std::string>& stops) {
  TextRelease out(stops);
  Released run;
  const auto take = [&](const TextRelease::Out& part) {
    run.text += part.text;
    for (const TokenLogprob& token : part.tokens) run.tokens.push_back(token.text);
  };
  for (const std::string& piece : pieces) {
    TokenLogprob token;
    token.text = piece;
    const auto part = out.push(piece, token);
    take(part);
    if (part.stopped) {
      run.stopped = true;
      return run;
    }
  }
  take(out.finish());
  return run;
}

TEST(TextRelease, StopStringsOverTokenBorders) {
  EXPECT_EQ(release({"one ", "E", "N", "D", " two"}, {"END"}).text, "one ");
  EXPECT_EQ(release({"one EN", "Dtwo"}, {"END"}).text, "one ");
  EXPECT_EQ(release({"one E", "N", "Other"}, {"END"}).text, "one ENOther") << "nothing is lost when it was none";
  EXPECT_EQ(release({"ababa", "c"}, {"abac"}).text, "ab");
  EXPECT_EQ(release({"xENDyEN"}, {"EN", "END"}).text, "x") << "the earliest stop wins";
  EXPECT_TRUE(release({"END"}, {"END"}).text.empty());
}

TEST(TextRelease, WholeCharactersOnly) {
  EXPECT_EQ(release({"\xF0\x9F", "\x98\x80"}, {}).text, "\U0001F600");
  EXPECT_EQ(release({"a\xF0\x9F"}, {}).text, "a\uFFFD\uFFFD") << "an unfinished character at the end: one for each byte";
  EXPECT_EQ(text::find_invalid_utf8(release({"\xFF", "a"}, {}).text), std::nullopt);
}

/// What is released in pieces is what one piece releases, however the text and its stop strings were cut.
TEST(TextRelease, CutsChangeNothing) {
  rc::check([] {
    static const std::vector<std::string> kParts = {"a", "b", "ab", "é", "\U0001F600", " "};
    std::string whole;
    for (int i = *rc::gen::inRange(0, 20); i > 0; --i) whole += *rc::gen::elementOf(kParts);
    std::vector<std::string> stops;
    for (int i = *rc::gen::inRange(0, 3); i > 0; --i) stops.push_back(*rc::gen::elementOf(kParts) + *rc::gen::elementOf(kParts));
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < whole.size();) {
      const std::size_t size = *rc::gen::inRange<std::size_t>(1, 4);
      pieces.push_back(whole.substr(at, size));
      at += size;
    }
    std::size_t end = whole.size();
    for (const std::string& stop : stops) end = std::min(end, whole.find(stop));
    const Released run = release(pieces, stops);
    RC_ASSERT(run.text == whole.substr(0, end));
    RC_ASSERT(run.stopped == (end != whole.size()));
  });
}

}  // namespace
}  // namespace steward::model
