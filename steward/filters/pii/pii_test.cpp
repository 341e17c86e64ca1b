#include "steward/filters/pii/pii.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <sstream>

#include "steward/core/files.h"
#include "steward/core/json.h"
#include "steward/filters/pii/recogniser.h"
#include "steward/filters/pii/scanner.h"

namespace steward::filters {
namespace {

using guard::Finding;
using guard::Scope;

constexpr char kConfig[] = "{category: privacy, regions: [US, GB, DE, FR, ES, IN, MX, BR]}";

Result<std::unique_ptr<guard::Filter>> make(const std::string& config) {
  policy::FilterSpec spec;
  spec.name = "personal-data";
  spec.kind = "pii";
  spec.config = yaml::parse(config, "policy.yaml").value();
  return make_pii(spec, {});
}

const guard::Filter& filter() {
  static const auto made = make(kConfig).value();
  return *made;
}

std::vector<Finding> scan(std::string_view text, const Scope& scope = {}) {
  std::vector<Finding> findings;
  const text::Views views(text);
  EXPECT_TRUE(filter().scan(views, scope, findings));
  return findings;
}

bool is_char_begin(std::string_view text, std::size_t i) {
  return i == text.size() || (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
}

/// Streams `text` in pieces that end at the given cuts and checks the watermark's promise at each step.
std::vector<Finding> stream(std::string_view text, const std::vector<std::size_t>& cuts, const Scope& scope = {}) {
  std::vector<Finding> findings;
  text::GrowingViews views;
  const auto open = filter().open(scope);
  std::size_t begin = 0;
  std::size_t watermark = 0;
  const auto advance = [&] {
    const std::size_t known = findings.size();
    const std::size_t next = open->advance(views, findings).value();
    for (std::size_t i = known; i < findings.size(); ++i) EXPECT_GE(findings[i].span.begin, watermark);
    EXPECT_GE(next, watermark) << text << "|" << views.raw();
    watermark = next;
  };
  for (std::size_t cut : cuts) {
    while (!is_char_begin(text, cut)) ++cut;
    if (cut <= begin) continue;
    views.append(text.substr(begin, cut - begin));
    begin = cut;
    advance();
  }
  views.append(text.substr(begin));
  views.finish();
  advance();
  EXPECT_EQ(watermark, text.size());
  return findings;
}

std::string rewrite(std::string_view text, const std::vector<Finding>& findings) {
  std::string out;
  std::size_t at = 0;
  for (const Finding& finding : findings) {
    out += text.substr(at, finding.span.begin - at);
    out += finding.replacement.value_or("?");
    at = finding.span.end;
  }
  return out + std::string(text.substr(at));
}

std::string summary(std::string_view text, const std::vector<Finding>& findings) {
  std::string out;
  for (const Finding& finding : findings) {
    out += finding.subtype + " \"" + std::string(text.substr(finding.span.begin, finding.span.size())) + "\" at " +
           std::to_string(finding.span.begin) + " → " + finding.replacement.value_or("none") + "\n";
  }
  return out;
}

std::vector<json::Object> read_cases(const std::string& name) {
  std::istringstream lines(read_file(std::string(STEWARD_SOURCE_DIR) + "/cases/pii/" + name).value());
  std::vector<json::Object> cases;
  for (std::string line; std::getline(lines, line);) cases.push_back(json::parse(line).value().as_object());
  return cases;
}

std::string string_of(const json::Object& object, std::string_view key) { return json::get_string(object, key).value().value_or(""); }

std::vector<std::size_t> every_byte(std::string_view text) {
  std::vector<std::size_t> cuts(text.size());
  for (std::size_t i = 0; i < cuts.size(); ++i) cuts[i] = i;
  return cuts;
}

TEST(Pii, FindsWhatTheCasesSay) {
  for (const char* file : {"detect.jsonl", "benign.jsonl"}) {
    const auto cases = read_cases(file);
    EXPECT_GE(cases.size(), 70u) << file;
    for (const json::Object& entry : cases) {
      const std::string text = string_of(entry, "text");
      std::string wanted;
      std::string found;
      for (const json::Value& pair : entry.at("found").as_array()) {
        wanted += std::string(pair.at(0).as_string()) + " \"" + std::string(pair.at(1).as_string()) + "\"\n";
      }
      const auto findings = scan(text);
      for (const Finding& finding : findings) {
        found += finding.subtype + " \"" + text.substr(finding.span.begin, finding.span.size()) + "\"\n";
      }
      EXPECT_EQ(found, wanted) << file << ": " << string_of(entry, "why") << ": " << text;
      EXPECT_EQ(summary(text, stream(text, every_byte(text))), summary(text, findings)) << file << ": " << text;
    }
  }
}

TEST(Pii, RestoresForTheOwnerThroughAnyCuts) {
  for (const json::Object& entry : read_cases("restore.jsonl")) {
    guard::Vault vault;
    Scope scope;
    scope.vault = &vault;
    for (const json::Value& given : entry.at("given").as_array())
      EXPECT_EQ(scan(std::string(given.as_string()), scope).size(), 1u) << string_of(entry, "why");
    scope.direction = policy::Direction::kOutput;
    const std::string output = string_of(entry, "output");
    EXPECT_EQ(rewrite(output, scan(output, scope)), string_of(entry, "shown")) << string_of(entry, "why");
    EXPECT_EQ(rewrite(output, stream(output, every_byte(output), scope)), string_of(entry, "shown")) << string_of(entry, "why");
  }
}

TEST(Pii, GivesTheSameValueTheSamePlaceholder) {
  guard::Vault vault;
  Scope scope;
  scope.vault = &vault;
  const std::string text = "jane@example.com JANE@example.com john@example.com 4111111111111111 4111 1111 1111 1111";
  EXPECT_EQ(rewrite(text, scan(text, scope)), "[EMAIL_1] [EMAIL_1] [EMAIL_2] [CARD_1] [CARD_1]");
  EXPECT_EQ(rewrite(text, scan(text)), "[EMAIL] [EMAIL] [EMAIL] [CARD] [CARD]");
}

TEST(Pii, NeverSharesBetweenVaults) {
  guard::Vault mine;
  guard::Vault theirs;
  Scope scope;
  scope.vault = &mine;
  scan("jane@example.com", scope);
  scope.vault = &theirs;
  scope.direction = policy::Direction::kOutput;
  EXPECT_TRUE(scan("Hello [EMAIL_1]", scope).empty());
  EXPECT_EQ(scan("Hello jane@example.com", scope).size(), 1u) << "another principal's value is redacted";
}

TEST(Pii, DescribesFindingsForThePolicy) {
  const auto findings = scan("😀 jane@example.com");
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].category, "privacy");
  EXPECT_EQ(findings[0].subtype, "email");
  EXPECT_EQ(findings[0].filter, "personal-data");
  EXPECT_EQ(findings[0].version, filter().version());
  EXPECT_FALSE(findings[0].restore);
  EXPECT_EQ(findings[0].span, (text::Span{5, 21}));
}

TEST(Pii, HoldsAtMostTheCurrentWordOfProse) {
  const std::string prose = "ordinary prose, with \"quoted words\" (and asides), holds nothing but the word that is under way. ";
  text::GrowingViews views;
  const auto open = filter().open({});
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < prose.size(); ++i) {
    views.append(prose.substr(i, 1));
    const std::size_t watermark = open->advance(views, findings).value();
    std::string known = prose.substr(0, views.covered(text::ViewKind::kFolded));
    if (known.ends_with(" is ")) known.resize(known.size() - 3);  // "is 12 34 56 c" may be an identity number
    const std::size_t space = known.find_last_of(" \"");
    EXPECT_GE(watermark, space == std::string::npos ? 0 : space + 1) << prose.substr(0, i + 1);
  }
}

TEST(Pii, HoldsNoMoreThanItsBounds) {
  for (const std::string unit : {"a", "1", "1 ", "a.", "+49 ", "4111 ", "de89 ", "a@b.", "[EMAIL ", "é", "Jane ", "J. ", "Rue ",
                                 "Main Street, ", "May ", "mr ", "my name is ", "田", "van der "}) {
    std::string text;
    while (text.size() < 2000) text += unit;
    text::GrowingViews views;
    const auto open = filter().open({});
    std::vector<Finding> findings;
    for (std::size_t i = 0; i < text.size(); i += unit.size()) {
      views.append(text.substr(i, unit.size()));
      EXPECT_GE(open->advance(views, findings).value() + 258, i) << unit;
    }
  }
}

TEST(Pii, RefusesConfigsThatItDoesNotKnow) {
  for (const char* config : {"{types: [email]}", "{category: privacy, type: [email]}", "{category: privacy, types: [mail]}",
                             "{category: privacy, types: []}", "{category: privacy, regions: [us]}", "{category: [a]}"}) {
    const auto made = make(config);
    ASSERT_FALSE(made) << config;
    EXPECT_NE(made.error().message.find("policy.yaml:1:"), std::string::npos) << made.error().message;
  }
}

TEST(Pii, FindsOnlyTheTypesThatAreAsked) {
  const auto only = make("{category: privacy, types: [card]}").value();
  std::vector<Finding> findings;
  const std::string text = "jane@example.com +49 30 901820 4111111111111111";
  const text::Views views(text);
  ASSERT_TRUE(only->scan(views, {}, findings));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].subtype, "card");
}

/// Texts that are dense in candidates, whole and broken.
rc::Gen<std::string> dense_text() {
  const auto piece = rc::gen::element<std::string>(
      "jane@example.com", "+49 30 901820", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "201-555-0123", "[EMAIL_1]", "[ email 1",
      "]", "@", "+", "(", ")", " ", " ", ".", "-", "/", "4", "0", "30", "2024", "de", "gb29", "nwbk", "call ", "order ", "é", "中国", "😀",
      "\u200b", "＠", "１", "٣", "\u2013", "com", "\n", ",", ":", "x", "_", "jane", "\u0301", "my name is ", "Jane Doe", "12 Oak Road",
      ", Leeds LS1 4AB", "born ", "3 May 1990");
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece), [](const std::vector<std::string>& pieces) {
    std::string text;
    for (const std::string& part : pieces) text += part;
    return text;
  });
}

TEST(PiiProperty, FindingsDoNotDependOnTheCuts) {
  EXPECT_TRUE(rc::check([] {
    const std::string text = *dense_text();
    auto cuts = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, text.size() + 1));
    std::sort(cuts.begin(), cuts.end());
    guard::Vault vault;
    vault.placeholder("EMAIL", "john@example.com", "john@example.com");
    Scope scope;
    scope.vault = &vault;
    scope.direction = policy::Direction::kOutput;
    const auto whole = summary(text, scan(text, scope));
    RC_ASSERT(summary(text, stream(text, cuts, scope)) == whole);
    RC_ASSERT(summary(text, stream(text, every_byte(text), scope)) == whole);
  }));
}

TEST(PiiProperty, SpansAreOrderedWholeCharacters) {
  EXPECT_TRUE(rc::check([] {
    const std::string text = *dense_text();
    std::size_t end = 0;
    for (const Finding& finding : scan(text)) {
      RC_ASSERT(finding.span.begin >= end);
      RC_ASSERT(finding.span.end > finding.span.begin);
      RC_ASSERT(is_char_begin(text, finding.span.begin) && is_char_begin(text, finding.span.end));
      end = finding.span.end;
    }
    RC_ASSERT(end <= text.size());
  }));
}

TEST(Pii, TwoHitsThatShareACombinedCharacterDoNotOverlap) {
  const auto found = scan("+49 30 901820\u0301jane@example.com");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].span.end, found[1].span.begin);
}

TEST(PiiProperty, WhatWasRedactedIsRestored) {
  EXPECT_TRUE(rc::check([] {
    const std::string text = *dense_text();
    RC_PRE(text.find('[') == std::string::npos && text.find(']') == std::string::npos);
    guard::Vault vault;
    Scope scope;
    scope.vault = &vault;
    const auto found = scan(text, scope);
    std::vector<std::string> canonical;
    const std::string redacted = rewrite(text, found);
    scope.direction = policy::Direction::kOutput;
    std::vector<Finding> back;
    for (const Finding& finding : scan(redacted, scope)) {
      if (finding.restore) back.push_back(finding);
    }
    RC_ASSERT(back.size() == found.size());
    if (vault.size() == found.size()) RC_ASSERT(rewrite(redacted, back) == text);
  }));
}

}  // namespace
}  // namespace steward::filters
