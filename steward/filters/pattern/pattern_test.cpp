#include "steward/filters/pattern/pattern.h"

#include <gtest/gtest.h>

#include <random>

#include "steward/filters/testing/scan.h"

namespace steward::filters {
namespace {

using testing::FilterUnderTest;
using Spans = std::vector<std::string>;

std::string error(const std::string& config) { return testing::error_of(make_pattern, "pattern", config); }

TEST(Pattern, ReportsTheNamedSpan) {
  const FilterUnderTest filter(
      make_pattern, "pattern",
      R"({patterns: [{id: ticket, regex: 'ticket (?P<number>[A-Z]{3}-\d+)', category: internal, span: number, view: raw}]})");
  EXPECT_EQ(filter.spans("see ticket ABC-123, ticket XY-1"), Spans{"ABC-123"});
  EXPECT_EQ(filter.scan("ticket ABC-1")[0].evidence, "ticket");
}

TEST(Pattern, TheFoldedViewSeesThroughDisguise) {
  const FilterUnderTest filter(make_pattern, "pattern", R"({patterns: [{id: p, regex: 'project \w+', category: internal}]})");
  EXPECT_EQ(filter.spans("PRO\u200BJECT ｘ９, end"), Spans{"PRO\u200BJECT ｘ９"});
}

TEST(Pattern, MatchesFromTheLeftWithoutOverlap) {
  const FilterUnderTest filter(make_pattern, "pattern",
                               R"({patterns: [{id: p, regex: 'aa', category: c}, {id: q, regex: 'a', category: c}]})");
  EXPECT_EQ(filter.scan("aaaaa").size(), 2u + 5u);
}

TEST(Pattern, CutsChangeNothing) {
  FilterUnderTest filter(make_pattern, "pattern",
                         R"({patterns: [{id: a, regex: 'tkt-[0-9]{3,6}', category: c, replace: '[T]', max_bytes: 16},
                                        {id: b, regex: 'key (?P<value>\w+) end', category: c, span: value, view: raw, max_bytes: 40}]})");
  static constexpr const char* kPieces[] = {"tkt-12", "3",    "4 ",     "TK", "T-9", "key ",   "abc",
                                            "é",      " end", "\u200B", "中", ", ",  "end ke", "y x"};
  std::minstd_rand random(3);
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    std::string text;
    for (int i = 0; i < 16; ++i) text += kPieces[random() % std::size(kPieces)];
    const auto action = seed % 2 == 0 ? policy::Action::kRewrite : policy::Action::kBlock;
    EXPECT_EQ(filter.stream_fault(text, action, 20, seed), "") << text;
  }
}

TEST(Pattern, RefusesWhatItCannotHold) {
  EXPECT_NE(error("{patterns: [{id: p, regex: '(', category: c}]}").find("1:"), std::string::npos);
  EXPECT_NE(error("{patterns: [{id: p, regex: '(a', category: c}]}"), "");
  EXPECT_NE(error("{patterns: [{id: p, regex: 'a', category: c, span: nope}]}").find("nope"), std::string::npos);
  EXPECT_NE(error("{patterns: [{id: p, category: c}]}").find("regex"), std::string::npos);
  EXPECT_NE(error("{patterns: [{id: p, regex: a, category: c, max_bytes: 99999}]}").find("4096"), std::string::npos);
  EXPECT_NE(error("{patterns: [{id: p, regex: a, category: c, view: decoded}]}").find("view"), std::string::npos);
  EXPECT_EQ(error("{patterns: [{id: p, regex: a, category: c}]}"), "");
}

}  // namespace
}  // namespace steward::filters
