#include "steward/text/fence.h"

#include <gtest/gtest.h>

#include "steward/text/view.h"

namespace steward::text {
namespace {

TEST(Fence, IsTheFirstWordThatNoTextHolds) {
  EXPECT_EQ(fence_for({"nothing here"}).word, "qxaaa");
  EXPECT_EQ(fence_for({"qxaaa", "and QXAAB"}).word, "qxaac");
  EXPECT_EQ(fence_for({"q\u200Bxaaa"}).word, "qxaab") << "invisible characters";
  EXPECT_EQ(fence_for({"\uFF51\uFF58\uFF41aa"}).word, "qxaab") << "fullwidth letters";
  EXPECT_EQ(fence_for({"q\u0445aa\u0430"}).word, "qxaab") << "letters of another script that look the same";
  EXPECT_EQ(Fence{"qxaaa"}.quote("a\nb"), "<<<qxaaa\na\nb\nqxaaa>>>\n");
}

/// A text may hold any number of words and leave none of three letters: then there are longer ones.
TEST(Fence, ATextCannotTakeEveryWord) {
  constexpr std::string_view kLetters = "abcdefghjkpqstuvwxyz";
  std::string all;
  for (const char a : kLetters)
    for (const char b : kLetters)
      for (const char c : kLetters) all += std::string("qx") + a + b + c + ' ';
  EXPECT_EQ(skeleton_text(all), all) << "the letters stand for themselves";
  const std::string word = fence_for({all}).word;
  EXPECT_EQ(word.size(), 6u);
  EXPECT_EQ(all.find(word), std::string::npos);
}

}  // namespace
}  // namespace steward::text
