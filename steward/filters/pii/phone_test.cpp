#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "steward/core/files.h"
#include "steward/core/json.h"
#include "steward/filters/pii/digits.h"
#include "steward/filters/pii/phone_context.h"
#include "steward/filters/pii/phone_plan.h"
#include "steward/filters/pii/scanner.h"

namespace steward::filters::pii {
namespace {

/// The canonical form of the number that fills `number` inside a sentence, or empty.
std::string found_in(const Options& options, std::string_view before, const std::string& number) {
  static const Triggers triggers({&kPhone});
  std::vector<Hit> hits;
  const std::string text = std::string(before) + number + ", please";
  const text::Views views(text);
  const Source source(views, text::ViewKind::kFolded);
  Scanner(triggers, options).advance(CasedText(source, text), hits);
  if (hits.size() != 1 || hits[0].match.span != text::Span{before.size(), before.size() + number.size()}) return {};
  return hits[0].match.canonical;
}

struct Score {
  int agreed = 0;
  std::string differences;
  int total = 0;
};

TEST(Phone, AgreesWithTheLibraryOnItsExamples) {
  std::istringstream lines(read_file(std::string(STEWARD_SOURCE_DIR) + "/cases/pii/phones.jsonl").value());
  std::map<std::string, Score> scores;
  for (std::string line; std::getline(lines, line);) {
    const json::Object entry = json::parse(line).value().as_object();
    const std::string form = json::get_string(entry, "form").value().value();
    const std::string text = json::get_string(entry, "text").value().value();
    const std::string wanted = json::get_string(entry, "e164").value().value_or("");
    const auto digits = std::count_if(text.begin(), text.end(), is_ascii_digit);
    if (form == "national" && digits < 6) continue;  // too short to tell from other numbers: left out by design
    Options options;
    if (form == "national") options.regions = {phone::find_region(json::get_string(entry, "region").value().value())};
    const std::string found = found_in(options, "my phone: ", text);
    Score& score = scores[form];
    ++score.total;
    if (found == wanted)
      ++score.agreed;
    else
      score.differences += line + " found " + found + "\n";
  }
  for (const auto& [form, score] : scores) {
    EXPECT_GE(score.agreed, score.total * 0.99) << form << ": " << score.agreed << " of " << score.total << "\n" << score.differences;
    EXPECT_GT(score.total, 400) << form;
  }
}

TEST(Phone, KnowsTheCountryCodes) {
  EXPECT_EQ(phone::country_code("4930").digits, 2u);
  EXPECT_EQ(phone::country_code("1201").digits, 1u);
  EXPECT_EQ(phone::country_code("380").digits, 3u);
  EXPECT_EQ(phone::country_code("999").digits, 0u);
  EXPECT_EQ(phone::country_code("").digits, 0u);
  EXPECT_EQ(phone::find_region("XX"), nullptr);
  EXPECT_TRUE(phone::is_valid(phone::find_region("DE")->start, "30901820"));
  EXPECT_FALSE(phone::is_valid(phone::find_region("US")->start, "1015550123"));
}

TEST(PhoneContext, IsDecidedByTheNearestWord) {
  const auto context = [](std::string_view text) { return number_context(text, text.size()); };
  EXPECT_EQ(context("my phone: "), NumberContext::kPhone);
  EXPECT_EQ(context("phone for order "), NumberContext::kOther);
  EXPECT_EQ(context("order by phone "), NumberContext::kPhone);
  EXPECT_EQ(context("the hotel "), NumberContext::kNone) << "tel stands inside a word";
  EXPECT_EQ(context("call\nthen "), NumberContext::kNone) << "another line";
  EXPECT_EQ(context(""), NumberContext::kNone);
}

TEST(Digits, ReadsGroupsWithSeparators) {
  Reader reader("(030) 12-34", true);
  const DigitRun run = read_digits(reader, 1);
  ASSERT_EQ(run.group_count, 3u);
  EXPECT_EQ(run.first_digits(run.digit_count), "0301234");
  EXPECT_EQ(run.groups[1].separator, '(');
  EXPECT_EQ(run.groups[2].separator, '-');
  EXPECT_FALSE(run.overlong);
}

TEST(Digits, WaitsForMoreOnlyAtTheEnd) {
  for (const auto& [text, starved] : {std::pair("2024", true), {"2024 ", true}, {"2024 - ", true}, {"2024, ", false}, {"2024 a", false}}) {
    Reader reader(text, false);
    read_digits(reader, 0);
    EXPECT_EQ(reader.starved(), starved) << text;
  }
}

TEST(Digits, ChecksSums) {
  EXPECT_TRUE(luhn("79927398713"));
  EXPECT_FALSE(luhn("79927398710"));
  EXPECT_TRUE(is_ean13("4006381333931"));
  EXPECT_FALSE(is_ean13("4006381333932"));
}

}  // namespace
}  // namespace steward::filters::pii
