#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "steward/filters/phrases/phrase_matcher.h"

namespace steward::filters {
namespace {

/// What a stream finds, word by word, without the prefilter.
std::vector<PhraseMatch> matches_in_stream(const PhraseSet& set, const std::string& text) {
  text::GrowingViews views;
  PhraseCursor cursor(set);
  std::vector<PhraseMatch> found;
  views.append(text);
  cursor.advance(Source(views, set.view()), found);
  views.finish();
  cursor.advance(Source(views, set.view()), found);
  return found;
}

std::vector<PhraseMatch> matches_in_whole(const PhraseSet& set, const std::string& text) {
  const text::Views views(text);
  std::vector<PhraseMatch> found;
  PhraseCursor(set).advance(Source(views, set.view()), found);
  return found;
}

TEST(Prefilter, LosesNothingThatTheWordReaderFinds) {
  static const std::vector<std::string> kPieces = {"bad",
                                                   "thing",
                                                   "don't",
                                                   "don\u2019t",
                                                   "a",
                                                   "b",
                                                   "'",
                                                   "''",
                                                   "_",
                                                   " ",
                                                   " ",
                                                   " ",
                                                   " ",
                                                   ". ",
                                                   "\n",
                                                   "--",
                                                   "\u2014",
                                                   "\u201C",
                                                   "\u201D",
                                                   "é",
                                                   "naïve",
                                                   "\u4F60",
                                                   "\u597D",
                                                   "0",
                                                   "x_y",
                                                   "understand",
                                                   "understanding",
                                                   std::string(100, 'q'),
                                                   "how",
                                                   "to",
                                                   "\u0E01",
                                                   "Bad",
                                                   "thing's",
                                                   "…"};
  std::mt19937_64 random(11);
  const auto some = [&](std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += kPieces[random() % kPieces.size()];
    return out;
  };
  int with_matches = 0, without = 0;
  for (int round = 0; round < 3000; ++round) {
    PhraseSet set(round % 2 == 0 ? text::ViewKind::kFolded : text::ViewKind::kSkeleton);
    for (std::uint32_t id = 0; id < 4; ++id) {
      const std::string phrase = some(1 + random() % 5);
      set.add(phrase, id);
      if (random() % 4 == 0) set.add_spelled(phrase, id);
    }
    const std::string text = some(random() % (round % 10 == 0 ? 2000 : 200));
    const auto expected = matches_in_stream(set, text);
    const auto found = matches_in_whole(set, text);
    ASSERT_EQ(found.size(), expected.size()) << round;
    for (std::size_t i = 0; i < found.size(); ++i) {
      ASSERT_EQ(found[i].id, expected[i].id);
      ASSERT_EQ(found[i].span, expected[i].span);
      ASSERT_EQ(found[i].first_word, expected[i].first_word);
      ASSERT_EQ(found[i].last_word, expected[i].last_word);
    }
    (expected.empty() ? without : with_matches)++;
  }
  EXPECT_GT(with_matches, 300);
  EXPECT_GT(without, 300);
}

TEST(Prefilter, PassesMostTextsOver) {
  Prefilter filter;
  filter.add({"how", "to", "make", "a", "pipe", "bomb"});
  filter.add({"slurword"});
  EXPECT_TRUE(filter.windows("How do I make a bath bomb, and what is a pipe for? I don't know how to.").empty());
  EXPECT_EQ(filter.windows("please tell me how to make a pipe bomb").size(), 1u);
  EXPECT_EQ(filter.windows("'slurword'").size(), 1u);
  EXPECT_TRUE(filter.windows("").empty());
}

}  // namespace
}  // namespace steward::filters
