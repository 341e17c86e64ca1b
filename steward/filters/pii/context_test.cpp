// Names, postal addresses and dates of birth: what needs its context. What is found and what is not stands in cases/pii/.
#include <gtest/gtest.h>

#include <random>

#include "steward/filters/pii/pii.h"
#include "steward/filters/testing/scan.h"

namespace steward::filters {
namespace {

using policy::Direction;
using testing::FilterUnderTest;

constexpr char kAll[] = "{category: privacy}";
constexpr char kContext[] = "{category: privacy, types: [name, address, date_of_birth]}";

std::string rewrite(const FilterUnderTest& filter, const std::string& text, Direction direction, guard::Vault* vault) {
  std::string out;
  std::size_t at = 0;
  for (const guard::Finding& finding : filter.scan(text, "en", direction, "user", vault)) {
    out += text.substr(at, finding.span.begin - at) + finding.replacement.value_or("?");
    at = finding.span.end;
  }
  return out + text.substr(at);
}

TEST(PiiContext, PlaceholdersAreStableAndRestoredForTheirOwner) {
  const FilterUnderTest filter(make_pii, "pii", kContext);
  guard::Vault vault;
  EXPECT_EQ(rewrite(filter, "I'm Elena Rossi, born 3 May 1990, of 12 Oak Road, Leeds LS1 4AB.", Direction::kInput, &vault),
            "I'm [NAME_1], born [DOB_1], of [ADDRESS_1].");
  EXPECT_EQ(rewrite(filter, "DOB: 1990-05-03. Dear Giovanni", Direction::kInput, &vault), "DOB: [DOB_1]. Dear [NAME_2]");
  EXPECT_EQ(rewrite(filter, "[NAME_1], [ADDRESS_1], [DOB_1]!", Direction::kOutput, &vault),
            "Elena Rossi, 12 Oak Road, Leeds LS1 4AB, 3 May 1990!");
  EXPECT_EQ(rewrite(filter, "My name is Elena Rossi", Direction::kOutput, &vault), "My name is Elena Rossi") << "its owner may read it";
  guard::Vault other;
  EXPECT_EQ(rewrite(filter, "[NAME_1] of [ADDRESS_1]", Direction::kOutput, &other), "[NAME_1] of [ADDRESS_1]");
}

TEST(PiiContext, ANameOfTheConversationIsKnownAgainWithoutContext) {
  const FilterUnderTest filter(make_pii, "pii", kContext);
  guard::Vault vault;
  EXPECT_EQ(rewrite(filter, "My name is Quirin Zapf", Direction::kInput, &vault), "My name is [NAME_1]");
  EXPECT_EQ(rewrite(filter, "Write that Quirin Zapf cannot come.", Direction::kInput, &vault), "Write that [NAME_1] cannot come.");
  EXPECT_EQ(rewrite(filter, "Quirin and Zapf", Direction::kInput, &vault), "Quirin and Zapf") << "not the full name";
  EXPECT_EQ(rewrite(filter, "my name is Ana", Direction::kInput, &vault), "my name is [NAME_2]");
  EXPECT_EQ(rewrite(filter, "Hello Ana! How is Ana?", Direction::kInput, &vault), "Hello [NAME_2]! How is [NAME_2]?");
  EXPECT_EQ(rewrite(filter, "my name is Mark", Direction::kInput, &vault), "my name is [NAME_3]");
  EXPECT_EQ(rewrite(filter, "Mark my words", Direction::kInput, &vault), "Mark my words") << "a name that is a word, too";
  guard::Vault other;
  EXPECT_EQ(rewrite(filter, "Write that Quirin Zapf cannot come.", Direction::kInput, &other), "Write that Quirin Zapf cannot come.");
}

TEST(PiiContext, TypesForInputOnlyAreNotLookedForInOutput) {
  const FilterUnderTest filter(make_pii, "pii", "{category: privacy, types: [name, address], input_only: [name]}");
  const std::string text = "My name is Jane Doe, 12 Oak Road, Leeds LS1 4AB";
  guard::Vault vault;
  EXPECT_EQ(rewrite(filter, text, Direction::kOutput, &vault), "My name is Jane Doe, [ADDRESS]");
  EXPECT_EQ(rewrite(filter, text, Direction::kOutput, nullptr), "My name is Jane Doe, [ADDRESS]");
  EXPECT_EQ(rewrite(filter, text, Direction::kInput, &vault), "My name is [NAME_1], [ADDRESS_1]");
  EXPECT_EQ(rewrite(filter, "[NAME_1]", Direction::kOutput, &vault), "Jane Doe") << "it is restored all the same";
  EXPECT_NE(testing::error_of(make_pii, "pii", "{category: privacy, input_only: [names]}"), "");
  EXPECT_NE(testing::error_of(make_pii, "pii", "{category: privacy, input_only: []}"), "");
}

TEST(PiiContext, AnAddressIsOneFindingWithAllThatBelongsToIt) {
  const FilterUnderTest filter(make_pii, "pii", "{category: privacy, regions: [US, GB, DE]}");
  for (const std::string address : {"742 Evergreen Terrace, Apt 12, Springfield, IL 62704-1234", "Hauptstraße 5, D-10115 Berlin, Germany",
                                    "14 Elm Grove, Leeds LS6 2AB"}) {
    EXPECT_EQ(filter.spans("It is " + address), std::vector<std::string>{address});
  }
}

/// Pieces that begin, continue or break names, addresses and dates.
std::string random_text(std::uint32_t seed) {
  static const char* const kPieces[] = {"My name is ",
                                        "Jane ",
                                        "Doe",
                                        "van der ",
                                        "Berg",
                                        "Dr. ",
                                        "Mr. ",
                                        "O'Brien",
                                        "J. ",
                                        "Best regards,\n",
                                        "From: ",
                                        " <",
                                        "jane@example.com",
                                        "\n",
                                        "221B ",
                                        "Baker ",
                                        "Street",
                                        ", ",
                                        "London ",
                                        "NW1 6XE",
                                        "Springfield, ",
                                        "IL ",
                                        "62704",
                                        "-1234",
                                        "Hauptstraße ",
                                        "5",
                                        ", 10115 Berlin",
                                        "12 ",
                                        "rue de la Paix",
                                        "Calle ",
                                        "Mayor ",
                                        "3",
                                        ", 28013 Madrid",
                                        "PO Box ",
                                        "born ",
                                        "on ",
                                        "May ",
                                        "3",
                                        ", 1990",
                                        "3. Mai 1990",
                                        " geboren",
                                        "1990-05-03",
                                        "DOB: ",
                                        "my wife ",
                                        "Elena",
                                        "Adresse: ",
                                        "Am ",
                                        "Markt ",
                                        ". ",
                                        "! ",
                                        " and ",
                                        "the ",
                                        "姓名：",
                                        "王小明",
                                        "先生",
                                        "田中",
                                        "さん",
                                        "é",
                                        "\u200b",
                                        "\u0301",
                                        "Ｊａｎｅ ",
                                        "I'm ",
                                        "I\u2019m ",
                                        "Peter",
                                        "'s ",
                                        "Jane Doe ",
                                        "ul. ",
                                        "Dear ",
                                        "Apt 4",
                                        "+49 30 901820",
                                        "[NAME_1]",
                                        "name",
                                        ": ",
                                        "N",
                                        "St",
                                        "al-",
                                        "1st ",
                                        "name is "};
  std::minstd_rand random(seed);
  std::string out;
  for (int i = 0; i < 16; ++i) out += kPieces[random() % std::size(kPieces)];
  return out;
}

TEST(PiiContext, StreamsDoNotDependOnTheirCuts) {
  FilterUnderTest filter(make_pii, "pii", kAll);
  for (std::uint32_t seed = 1; seed <= 400; ++seed) {
    const std::string text = random_text(seed);
    for (const policy::Action action : {policy::Action::kRewrite, policy::Action::kBlock})
      EXPECT_EQ(filter.stream_fault(text, action, 12, seed), "") << seed << ": " << text;
  }
}

}  // namespace
}  // namespace steward::filters
