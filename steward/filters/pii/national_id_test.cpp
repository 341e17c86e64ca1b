#include "steward/filters/pii/national_id.h"

#include <gtest/gtest.h>

#include "steward/filters/pii/pii.h"
#include "steward/filters/testing/scan.h"

namespace steward::filters {
namespace {

using testing::FilterUnderTest;
using Strings = std::vector<std::string>;

/// The oracle is python-stdnum (tools/pii/national_ids.py).
TEST(NationalId, AgreesWithTheOracle) {
  const FilterUnderTest filter(make_pii, "pii", "{category: privacy, types: [national_id]}");
  for (const json::Object& entry : testing::read_cases("pii/national_ids.jsonl")) {
    Strings expected;
    for (const json::Value& value : entry.at("found").as_array()) expected.emplace_back(value.as_string());
    EXPECT_EQ(filter.spans(testing::text_of(entry, "text")), expected)
        << testing::text_of(entry, "country") << ": " << testing::text_of(entry, "text");
  }
}

TEST(NationalId, FormsWithoutAnOracle) {
  const FilterUnderTest filter(make_pii, "pii", "{category: privacy, types: [national_id, passport]}");
  EXPECT_EQ(filter.spans("my NI number is AB 12 34 56 C, ok"), Strings{"AB 12 34 56 C"});
  EXPECT_EQ(filter.spans("AB123456C."), Strings{"AB123456C"});
  EXPECT_EQ(filter.spans("NRIC S1234567D"), Strings{"S1234567D"});
  EXPECT_EQ(filter.spans("My Number: 1234 5678 9018"), Strings{"1234 5678 9018"});
  EXPECT_EQ(filter.spans("Passport no. C01X00T47"), Strings{"C01X00T47"});
  EXPECT_EQ(filter.spans("Mein Reisepass: C01X00T47!"), Strings{"C01X00T47"});
}

TEST(NationalId, OrdinaryNumbersAreNone) {
  const FilterUnderTest filter(make_pii, "pii", "{category: privacy, types: [national_id, passport]}");
  for (const char* text :
       {"order 123456789", "call 900-12-3456 ext", "AB123456E", "QQ123456C", "S1234567A", "000-12-3456", "666-12-3456",
        "I pan-fried ABCPE1234 eggs", "version 12.345.678", "2024-01-15 10:30", "ISBN 978-3-16-148410-0", "the 1999999999999 of it",
        "a passport photo costs 12.50", "pan ABCDE", "1 22 333", "GB29 NWBK 6016 1331 9268 19"})
    EXPECT_EQ(filter.spans(text), Strings{}) << text;
}

TEST(NationalId, StreamsAreCutAnyhow) {
  FilterUnderTest filter(make_pii, "pii",
                         "{category: privacy, types: [national_id, passport, card, phone, iban, email], regions: [US, GB, DE, FR]}");
  std::string text;
  std::uint64_t seed = 0;
  for (const json::Object& entry : testing::read_cases("pii/national_ids.jsonl")) {
    text += testing::text_of(entry, "text") + (seed % 3 == 0 ? ", " : " ");
    if (++seed % 12 != 0) continue;
    EXPECT_EQ(filter.stream_fault(text, policy::Action::kRewrite, 6, seed), "") << text;
    text.clear();
  }
}

}  // namespace
}  // namespace steward::filters
