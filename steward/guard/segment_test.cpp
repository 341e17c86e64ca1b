#include "steward/guard/segment.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <numeric>
#include <vector>

#include "steward/text/view.h"

namespace steward::guard {
namespace {

std::vector<std::string> segments(const std::vector<std::string>& pieces) {
  Segmenter segmenter;
  std::vector<std::string> out;
  const auto take = [&] {
    while (const auto segment = segmenter.next()) out.emplace_back(*segment);
  };
  for (const std::string& piece : pieces) {
    segmenter.push(piece);
    take();
  }
  segmenter.finish();
  take();
  EXPECT_EQ(segmenter.pending_bytes(), 0u);
  return out;
}

std::string mend(const std::vector<std::string>& pieces) {
  Utf8Mender mender;
  std::string out;
  for (const std::string& piece : pieces) mender.push(piece, out);
  mender.finish(out);
  return out;
}

std::vector<std::string> cut(const std::string& text) {
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at < text.size();) {
    const auto size = *rc::gen::inRange<std::size_t>(1, 6);
    if (size == 5) pieces.emplace_back();
    pieces.push_back(text.substr(at, size));
    at += size;
  }
  return pieces;
}

TEST(Segmenter, EndsBehindSpacesPunctuationAndUnspacedCharacters) {
  EXPECT_EQ(segments({"Hello, world"}), (std::vector<std::string>{"Hello,", " ", "world"}));
  EXPECT_EQ(segments({"a\u4f60\u597db"}), (std::vector<std::string>{"a\u4f60", "\u597d", "b"}));
  EXPECT_EQ(segments({""}), std::vector<std::string>{});
}

TEST(Segmenter, LongRunsEndBehind24BytesAtACharacter) {
  EXPECT_EQ(segments({std::string(50, 'x')}), (std::vector<std::string>{std::string(24, 'x'), std::string(24, 'x'), "xx"}));
  const std::string e_acute = "\u00e9";
  std::string word = "x";
  for (int i = 0; i < 20; ++i) word += e_acute;
  EXPECT_EQ(segments({word}).front().size(), 25u);
}

TEST(Segmenter, PropertyPiecesChangeNothingAndNothingIsLost) {
  EXPECT_TRUE(rc::check([] {
    const auto words = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(
        std::vector<std::string>{"a", "bc", " ", ".", "\u4f60", "\u0e01", "\u00e9", "\U0001F600", "-", "longwordlongword"}));
    const std::string text = std::accumulate(words.begin(), words.end(), std::string());
    const auto whole = segments({text});
    RC_ASSERT(segments(words) == whole);
    RC_ASSERT(std::accumulate(whole.begin(), whole.end(), std::string()) == text);
    for (const std::string& segment : whole) RC_ASSERT(segment.size() <= kSegmentBytesMax);
  }));
}

TEST(Utf8Mender, ReplacesMaximalSubparts) {
  EXPECT_EQ(mend_utf8("a\xE2\x82z"), "a\uFFFDz");
  EXPECT_EQ(mend_utf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
            "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\x41");  // Unicode 15, table 3-8
  EXPECT_EQ(mend_utf8("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(mend_utf8("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"), "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\x41\uFFFD\uFFFD\x42");
  EXPECT_EQ(mend_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), "\uFFFD\uFFFD\uFFFD\uFFFD\x41");
  EXPECT_EQ(mend_utf8("ok\xF0\x9F\x98"), "ok\uFFFD");
}

TEST(Utf8Mender, HoldsAnUnfinishedCharacter) {
  Utf8Mender mender;
  std::string out;
  mender.push("x\xF0\x9F", out);
  EXPECT_EQ(out, "x");
  EXPECT_EQ(mender.pending_bytes(), 2u);
  mender.push("\x98\x80", out);
  EXPECT_EQ(out, "x\U0001F600");
}

TEST(Utf8Mender, PropertyPiecesChangeNothingAndTheResultIsWellFormed) {
  EXPECT_TRUE(rc::check([] {
    const auto parts = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::vector<std::string>{
        "a", "\xE2", "\x82", "\xAC", "\xF0", "\x9F", "\x98", "\xED", "\xA0", "\xC3\xA9", "\xFF", "\xE4\xBD\xA0", "\xF4\x90"}));
    const std::string text = std::accumulate(parts.begin(), parts.end(), std::string());
    const std::string whole = mend_utf8(text);
    RC_ASSERT(mend(cut(text)) == whole);
    RC_ASSERT(!text::find_invalid_utf8(whole));
    if (!text::find_invalid_utf8(text)) RC_ASSERT(whole == text);
  }));
}

}  // namespace
}  // namespace steward::guard
