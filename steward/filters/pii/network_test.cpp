#include <gtest/gtest.h>

#include "steward/filters/pii/pii.h"
#include "steward/filters/testing/scan.h"

namespace steward::filters {
namespace {

using testing::FilterUnderTest;
using Strings = std::vector<std::string>;

TEST(Network, AddressesOfSomebody) {
  const FilterUnderTest filter(make_pii, "pii", "{category: privacy, types: [ip, mac]}");
  EXPECT_EQ(filter.spans("from 93.184.216.34:443, or 2606:2800:220:1:248:1893:25c8:1946."),
            (Strings{"93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"}));
  EXPECT_EQ(filter.spans("2A00:1450:4001:82a::200e, fine"), Strings{"2A00:1450:4001:82a::200e"});
  EXPECT_EQ(filter.spans("host 203.1.113.9/24"), Strings{"203.1.113.9"});
  EXPECT_EQ(filter.spans("MAC 3c:22:FB:9a:01:7E and 3C-22-FB-9A-01-7F"), (Strings{"3c:22:FB:9a:01:7E", "3C-22-FB-9A-01-7F"}));
}

TEST(Network, AddressesOfNobodyAndOtherNumbers) {
  const FilterUnderTest filter(make_pii, "pii", "{category: privacy, types: [ip, mac]}");
  for (const char* text : {"127.0.0.1", "192.168.1.10",       "10.0.0.1",           "0.0.0.0",           "255.255.255.0",
                           "192.0.2.1", "203.0.113.9",        "version 24.11.24.7", "v 24.11.24.7",      "1.2.3.4",
                           "1.2.3.4.5", "256.1.1.1",          "93.184.216",         "10:30:45",          "::1",
                           "fe80::1",   "2001:db8::1",        "00:00:00:00:00:00",  "ff:ff:ff:ff:ff:ff", "3c:22:fb:9a:01",
                           "a 1:2 bet", "std::vector<int> x2"})
    EXPECT_EQ(filter.spans(text), Strings{}) << text;
}

TEST(Crypto, Addresses) {
  const FilterUnderTest filter(make_pii, "pii", "{category: privacy, types: [crypto]}");
  // BIP-173 and BIP-350 test vectors.
  const std::string v0 = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
                    v1 = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0";
  EXPECT_EQ(filter.spans("to " + v0 + " or " + v1), (Strings{v0, v1}));
  EXPECT_EQ(filter.spans("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed."), Strings{"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"});
  EXPECT_EQ(filter.spans("my bitcoin wallet is 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"), Strings{"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"});
  for (const char* text : {"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "0x1234", "0x0000000000000000000000000000000000000000",
                           "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2 is a word", "3b5d5c3712955042212316173ccf37be800ab8a8", "bc1234"})
    EXPECT_EQ(filter.spans(text), Strings{}) << text;
}

TEST(Network, StreamsAreCutAnyhow) {
  FilterUnderTest filter(make_pii, "pii", "{category: privacy}");
  const std::string text =
      "a 93.184.216.34 b2606:2800:: 2606:2800:220:1:248:1893:25c8:1946 3c:22:FB:9a:01:7E bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 "
      "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed v1.2.3.4";
  for (std::uint64_t seed = 0; seed < 20; ++seed) EXPECT_EQ(filter.stream_fault(text, policy::Action::kRewrite, 10, seed), "");
}

}  // namespace
}  // namespace steward::filters
