#include "steward/text/pieces.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "steward/text/view.h"

namespace steward::text {
namespace {

using Strings = std::vector<std::string>;

Strings pieces(std::string_view text, const PieceOptions& options) {
  Strings out;
  for (const Piece& piece : cut_pieces(text, options)) out.emplace_back(text.substr(piece.span.begin, piece.span.size()));
  return out;
}

Strings sentences(std::string_view text) { return pieces(text, {1, 2048, 0}); }

TEST(Pieces, EndWithSentences) {
  EXPECT_EQ(sentences("One. Two? Three! Four"), (Strings{"One. ", "Two? ", "Three! ", "Four"}));
  EXPECT_EQ(sentences("He said \"no.\" (Really?) Yes"), (Strings{"He said \"no.\" ", "(Really?) ", "Yes"}));
  EXPECT_EQ(sentences("It is 3.5 or a.b... then"), (Strings{"It is 3.5 or a.b... ", "then"}));
  EXPECT_EQ(sentences("- a\n- b\n\nc"), (Strings{"- a\n", "- b\n", "\n", "c"}));
  EXPECT_EQ(sentences("一。「二！」三？四"), (Strings{"一。", "「二！」", "三？", "四"}));
  EXPECT_EQ(sentences("एक। दो"), (Strings{"एक। ", "दो"}));
  EXPECT_EQ(sentences("هل؟ نعم"), (Strings{"هل؟ ", "نعم"}));
  EXPECT_EQ(sentences("The end."), (Strings{"The end."}));
  EXPECT_EQ(sentences(""), Strings{});
}

TEST(Pieces, AreAsLongAsAskedFor) {
  EXPECT_EQ(pieces("One. Two. Three. Four. Five.", {10, 100, 0}), (Strings{"One. Two. ", "Three. Four. ", "Five."}));
  EXPECT_EQ(pieces("一。二。三。四。", {4, 100, 0}), (Strings{"一。二。", "三。四。"})) << "characters, not bytes";
}

TEST(Pieces, EndEarlierWhereNothingElseHelps) {
  EXPECT_EQ(pieces("Ten bytes. and many more words", {99, 16, 0}), (Strings{"Ten bytes. ", "and many more ", "words"}));
  EXPECT_EQ(pieces("A. many more words without", {99, 16, 0}), (Strings{"A. many more ", "words without"})) << "not in the first half";
  EXPECT_EQ(pieces("ääääääääääaaa", {99, 17, 0}), (Strings{"ääääääää", "ääaaa"}));
}

TEST(Pieces, HaveContext) {
  const std::string text = "First one. Second one. Third one. Fourth";
  const auto found = cut_pieces(text, {5, 100, 12});
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(text.substr(found[0].context_begin), text);
  EXPECT_EQ(text.substr(found[1].context_begin, 10), "First one.");
  EXPECT_EQ(text.substr(found[2].context_begin, 11), "Second one.");
  EXPECT_EQ(text.substr(found[3].context_begin, 10), "Third one.");
  const std::string joined = std::string(60, 'x') + "ä" + std::string(60, 'x');
  for (const Piece& piece : cut_pieces(joined, {99, 16, 9})) {
    EXPECT_LE(piece.span.begin - piece.context_begin, 9u);
    EXPECT_EQ(char_floor(joined, piece.context_begin), piece.context_begin);
  }
}

std::string random_text(std::mt19937_64& random) {
  static const char* const kParts[] = {". ", "! ", "word ", "a", "\n", "。", "語", "? ", ".\"", " ", "ä", "longerwordwithoutend",
                                       "!",  "🙂"};
  std::string text;
  for (std::size_t i = random() % 200; i > 0; --i) text += kParts[random() % std::size(kParts)];
  return text;
}

TEST(Pieces, DoNotDependOnHowTheTextCame) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 400; ++round) {
    const std::string text = random_text(random);
    const PieceOptions options{1 + random() % 60, 16 + random() % 100, random() % 40};
    PieceCutter cutter(options);
    std::vector<Piece> grown;
    for (std::size_t size = 0; size < text.size();) {
      size = char_floor(text, std::min(text.size(), size + 4 + random() % 9));
      while (const auto piece = cutter.next(std::string_view(text).substr(0, size))) grown.push_back(*piece);
      EXPECT_LE(size - cutter.end(), options.bytes_max + 4);
    }
    cutter.finish();
    while (const auto piece = cutter.next(text)) grown.push_back(*piece);
    const auto whole = cut_pieces(text, options);
    ASSERT_EQ(grown.size(), whole.size()) << text;
    std::size_t end = 0;
    for (std::size_t i = 0; i < whole.size(); ++i) {
      EXPECT_EQ(grown[i].span, whole[i].span);
      EXPECT_EQ(grown[i].context_begin, whole[i].context_begin);
      EXPECT_EQ(whole[i].span.begin, end);
      EXPECT_FALSE(whole[i].span.empty());
      EXPECT_LE(whole[i].span.size(), options.bytes_max);
      EXPECT_LE(whole[i].span.begin - whole[i].context_begin, options.context_bytes);
      EXPECT_EQ(char_floor(text, whole[i].span.end), whole[i].span.end);
      EXPECT_EQ(char_floor(text, whole[i].context_begin), whole[i].context_begin);
      end = whole[i].span.end;
    }
    EXPECT_EQ(end, text.size());
  }
}

}  // namespace
}  // namespace steward::text
