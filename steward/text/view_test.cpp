#include "steward/text/view.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <random>

#include "steward/text/words.h"

namespace steward::text {
namespace {

std::string utf8_of(char32_t c) {
  std::string out;
  icu::UnicodeString(static_cast<UChar32>(c)).toUTF8String(out);
  return out;
}

std::string icu_fold(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const auto* fold = icu::Normalizer2::getNFKCCasefoldInstance(status);
  std::string out;
  fold->normalize(icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int>(text.size()))), status).toUTF8String(out);
  return out;
}

/// Latin, accents, marks in odd orders, Greek, Cyrillic, Hangul jamo, Arabic, Devanagari, Thai, Han, full width, emoji, invisible
/// characters.
std::string mixed_text(std::uint32_t seed, int chars) {
  static const char32_t kPool[] = {'a',    'B',     'e',    'S',   ' ',   ' ',    '0',    '1',    '3',     '@',    '$',    '!',     '.',
                                   '\n',   0xE9,    0x301,  0x323, 0x30A, 0x3A3,  0x3C2,  0x430,  0x406,   0x1100, 0x1161, 0x11A8,  0xAC00,
                                   0x644,  0x200C,  0x200D, 0x915, 0x94D, 0x937,  0xE01,  0xE33,  0x4E2D,  0xFF21, 0xFF11, 0x1F468, 0x1F3FD,
                                   0xFE0F, 0xE0041, 0x202E, 0xAD,  0x130, 0x1E9E, 0xFB03, 0x2126, 0x1D400, 0x345,  0xF73};
  std::minstd_rand random(seed);
  std::string out;
  for (int i = 0; i < chars; ++i) out += utf8_of(kPool[random() % std::size(kPool)]);
  return out;
}

TEST(Fold, EqualsIcuOnEveryAssignedCodePoint) {
  for (char32_t c = 1; c <= 0x10FFFF; ++c) {
    if (!u_isdefined(static_cast<UChar32>(c)) || U_IS_SURROGATE(c)) continue;
    const std::string text = utf8_of(c);
    ASSERT_EQ(fold_text(text), icu_fold(text)) << "U+" << std::hex << static_cast<std::uint32_t>(c);
  }
}

TEST(Fold, EqualsIcuOnMixedText) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    const std::string text = mixed_text(seed, 300);
    ASSERT_EQ(fold_text(text), icu_fold(text)) << seed;
  }
}

TEST(Fold, EqualsIcuOnAnyCharactersAndMarks) {
  std::vector<char32_t> characters, marks;
  for (char32_t c = 1; c <= 0xE01EF; ++c) {
    if (!u_isdefined(static_cast<UChar32>(c)) || U_IS_SURROGATE(c)) continue;
    characters.push_back(c);
    if (u_getCombiningClass(static_cast<UChar32>(c)) != 0) marks.push_back(c);
  }
  std::minstd_rand random(7);
  for (int round = 0; round < 10000; ++round) {
    std::string text;
    for (int i = 0; i < 40; ++i) {
      const auto& pool = random() % 3 == 0 ? marks : characters;
      text += random() % 4 == 0 ? std::string(1, static_cast<char>('A' + random() % 26)) : utf8_of(pool[random() % pool.size()]);
    }
    ASSERT_EQ(fold_text(text), icu_fold(text)) << round;
  }
}

TEST(Fold, DropsTheInvisibleAndKeepsTheWayBack) {
  const std::string text = "k\u200Bi\u200Dll\U000E0041 me";
  const View view = fold(text);
  EXPECT_EQ(view.text(), "kill me");
  EXPECT_EQ(text.substr(view.origin({0, 4}).begin, view.origin({0, 4}).size()), "k\u200Bi\u200Dll\U000E0041");
}

TEST(Skeleton, SeesThroughDisguises) {
  EXPECT_EQ(skeleton_text("p\u0430ypal"), "paypai");   // Cyrillic a; l and i are one
  EXPECT_EQ(skeleton_text("ｐａｙｐａｌ"), "paypai");  // full width
  EXPECT_EQ(skeleton_text("p4yp4l"), "paypai");        // leet
  EXPECT_EQ(skeleton_text("p@yp@l"), "paypai");
  EXPECT_EQ(skeleton_text("a\u0301\u0302\u0303b"), "ab");  // stacked marks
}

TEST(Skeleton, LeavesNumbersAndNamesAlone) {
  for (const char* text : {"2024", "s3", "$5", "10:30", "heiio!", "stop!!!", "see++", "c++", "1.2.3", "a/b"})
    EXPECT_EQ(skeleton_text(text), text);
}

std::string repaired(std::string_view text) { return std::string(Views(text).repaired().text()); }

TEST(Repaired, PutsDisguisedLettersBack) {
  EXPECT_EQ(repaired("p\u0430ypal"), "paypal");                   // Cyrillic a in a Latin word
  EXPECT_EQ(repaired("\u0441\u043E\u0440\u0443 it"), "copy it");  // a whole word of Cyrillic letters that pass for Latin ones
  EXPECT_EQ(repaired("m4k3 a c4ke"), "make a cake");
  EXPECT_EQ(repaired("p@ssw0rd"), "password");
  EXPECT_EQ(repaired("s\u0336t\u0336o\u0336p\u0336"), "stop");
}

TEST(Repaired, AmongManyDisguisedWordsEndsAndNumbersAreLetters) {
  EXPECT_EQ(repaired("h0w d0 y0u u5e mos7 of i7"), "how do you use most of it");
  EXPECT_EQ(repaired("70 m4k3 4 c4k3 45 w3ll 1n 2024"), "to make a cake as well in 2024");
  EXPECT_EQ(repaired("play the mp3 of h0m3 on 70 gpt4 boxes please"),
            "play the mp3 of home on 70 gpt4 boxes please");  // one word is not many
}

TEST(Repaired, LeavesWhatIsMeantAlone) {
  for (const char* text :
       {"modem mp3 gpt4 covid19 2024 s3 $5 10:30 hello! c++ 3d", "h264 and x265 at 1080p with aac2 in mp4 or mkv3, 70 of 17 files",
        "\u0441\u043A\u043E\u0440\u043E \u0432\u0441\u0451 \u0440\u043E\u0441\u043B\u043E", "caf\u00E9 na\u00EFve gr\u00F6\u00DFe",
        "\u03B1\u03B2\u03B3 \u03C3\u03BF\u03C6\u03CC\u03C2"})
    EXPECT_EQ(repaired(text), fold_text(text));
}

TEST(Repaired, FindsTheWayBack) {
  const std::string text = "ab P\u0430YP4L cd";
  const Views views(text);
  const auto at = views.repaired().text().find("paypal");
  ASSERT_NE(at, std::string_view::npos);
  const Span span = views.repaired().origin({at, at + 6});
  EXPECT_EQ(text.substr(span.begin, span.size()), "P\u0430YP4L");
}

RC_GTEST_PROP(Views, OriginIsWholeCharactersInOrder, ()) {
  const std::string text = mixed_text(*rc::gen::arbitrary<std::uint32_t>(), 60);
  const Views views(text);
  for (const ViewKind kind : {ViewKind::kFolded, ViewKind::kSkeleton, ViewKind::kRepaired}) {
    const View& view = views.get(kind);
    RC_ASSERT(!find_invalid_utf8(view.text()));
    std::size_t last = 0;
    for (std::size_t at = 0; at < view.text().size();) {
      const std::size_t from = at;
      next_char(view.text(), at);
      const Span span = view.origin({from, at});
      RC_ASSERT(span.begin < span.end && span.end <= text.size());
      RC_ASSERT(char_floor(text, span.begin) == span.begin && char_floor(text, span.end) == span.end);
      RC_ASSERT(span.begin >= last);
      last = span.begin;
    }
  }
}

RC_GTEST_PROP(GrowingViews, AnyCutGivesTheWholeTextsView, ()) {
  const std::string text = mixed_text(*rc::gen::arbitrary<std::uint32_t>(), 120);
  std::minstd_rand random(*rc::gen::arbitrary<std::uint32_t>());
  const Views whole(text);
  GrowingViews growing;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::max(char_floor(text, std::min(text.size(), at + 1 + random() % 9)), at);
    std::size_t next = at;
    next_char(text, next);
    growing.append(std::string_view(text).substr(at, std::max(end, next) - at));
    at = std::max(end, next);
    for (const ViewKind kind : {ViewKind::kFolded, ViewKind::kSkeleton})
      RC_ASSERT(whole.get(kind).text().substr(0, growing.stable(kind)) == growing.text(kind));
  }
  growing.finish();
  for (const ViewKind kind : {ViewKind::kFolded, ViewKind::kSkeleton}) {
    RC_ASSERT(growing.text(kind) == whole.get(kind).text());
    RC_ASSERT(growing.covered(kind) == text.size());
    for (std::size_t at = 0; at < growing.text(kind).size(); ++at)
      RC_ASSERT(growing.origin(kind, {at, at + 1}) == whole.get(kind).origin({at, at + 1}));
  }
}

TEST(Utf8, FindsTheFirstBadByte) {
  EXPECT_FALSE(find_invalid_utf8("añ中😀"));
  EXPECT_EQ(find_invalid_utf8("ab\xff"), 2u);
  EXPECT_EQ(find_invalid_utf8("\xed\xa0\x80"), 0u);       // surrogate
  EXPECT_EQ(find_invalid_utf8("a\xc0\xaf"), 1u);          // overlong
  EXPECT_EQ(find_invalid_utf8("a\xf4\x90\x80\x80"), 1u);  // over U+10FFFF
  EXPECT_EQ(find_invalid_utf8("a\xe4\xb8"), 1u);
  EXPECT_EQ(steward::repair_utf8("a\xe4\xb8 \xff"
                                 "b中"),
            "a\uFFFD\uFFFD \uFFFD"
            "b中");
  EXPECT_EQ(steward::repair_utf8(""), "");
}

TEST(Words, Borders) {
  EXPECT_FALSE(is_word_border("scunthorpe", 1));
  EXPECT_TRUE(is_word_border("a b", 1));
  EXPECT_TRUE(is_word_border("中文", 3));
  EXPECT_FALSE(is_word_border("don't", 3));
}

}  // namespace
}  // namespace steward::text
