#include "steward/filters/pattern/pattern.h"

#include <gtest/gtest.h>

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
