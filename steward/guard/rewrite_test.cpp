#include "steward/guard/rewrite.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

namespace steward::guard {
namespace {

std::string applied(const std::vector<Edit>& list, std::string_view text) {
  Edits edits;
  for (const Edit& edit : list) edits.add(edit);
  std::string out;
  edits.apply(text, {0, text.size()}, out);
  return out;
}

/// Paints each character with the number of its group, groups flowing together until nothing changes.
std::string applied_naively(const std::vector<Edit>& list, std::string_view text) {
  std::vector<std::size_t> group(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) group[i] = i;
  for (std::size_t round = 0; round < list.size(); ++round)
    for (std::size_t i = 0; i < list.size(); ++i)
      for (std::size_t j = 0; j < list.size(); ++j)
        if (list[i].span.begin < list[j].span.end && list[j].span.begin < list[i].span.end)
          group[i] = group[j] = std::min(group[i], group[j]);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto hit = std::find_if(list.begin(), list.end(), [&](const Edit& edit) { return edit.span.begin <= at && at < edit.span.end; });
    if (hit == list.end()) {
      out += text[at++];
      continue;
    }
    const std::size_t wanted = group[static_cast<std::size_t>(hit - list.begin())];
    const Edit* best = nullptr;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (group[i] != wanted) continue;
      at = std::max(at, list[i].span.end);
      const auto key = [](const Edit& e) {
        return std::tuple(!e.ruled, -e.severity, -static_cast<long>(e.span.size()), e.span.begin, e.replacement);
      };
      if (!best || key(list[i]) < key(*best)) best = &list[i];
    }
    out += best->replacement;
  }
  return out;
}

TEST(Edits, MergeOverlapsAndKeepNeighboursApart) {
  EXPECT_EQ(applied({{{1, 3}, "X"}, {{3, 5}, "Y"}}, "abcdef"), "aXYf");
  EXPECT_EQ(applied({{{1, 3}, "X"}, {{2, 6}, "Y"}}, "abcdefg"), "aYg");
  EXPECT_EQ(applied({{{1, 3}, "X", true, 2}, {{2, 6}, "Y", true, 1}}, "abcdefg"), "aXg");
}

TEST(Edits, ARuledRewriteBeatsAPlaceholderThatIsRestored) {
  EXPECT_EQ(applied({{{0, 9}, "owner", false, 3}, {{2, 4}, "X", true, 0}}, "abcdefghi"), "X");
}

TEST(Edits, ClampNeverCutsAnEdit) {
  Edits edits;
  edits.add({{2, 6}, "X"});
  edits.add({{8, 9}, "Y"});
  const std::size_t expected[] = {0, 1, 2, 2, 2, 2, 6, 7, 8, 9, 10};
  for (std::size_t limit = 0; limit <= 10; ++limit) EXPECT_EQ(edits.clamp(limit), expected[limit]) << limit;
}

TEST(Edits, PropertyEqualToNaiveMergeInAnyOrder) {
  EXPECT_TRUE(rc::check([] {
    const std::string text = "abcdefghijklmnopqrstuvwxyz";
    const auto size = *rc::gen::inRange<std::size_t>(0, 8);
    std::vector<Edit> list;
    for (std::size_t i = 0; i < size; ++i) {
      const auto begin = *rc::gen::inRange<std::size_t>(0, text.size() - 1);
      const auto length = *rc::gen::inRange<std::size_t>(1, 6);
      list.push_back(
          {{begin, std::min(text.size(), begin + length)}, std::to_string(i), *rc::gen::arbitrary<bool>(), *rc::gen::inRange(0, 3)});
    }
    const std::string expected = applied_naively(list, text);
    RC_ASSERT(applied(list, text) == expected);
    std::reverse(list.begin(), list.end());
    RC_ASSERT(applied(list, text) == expected);
  }));
}

}  // namespace
}  // namespace steward::guard
