#include "steward/app/detection_disguises.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "steward/core/random.h"
#include "steward/core/utf8.h"
#include "steward/text/words.h"

namespace steward::app {
namespace {

constexpr std::size_t kTexts = 300;
constexpr std::size_t kTextBytesMax = 400;  // disguises multiply

/// Each character of `text` mapped by `map(character, its bytes)`.
template <class Map>
std::string map_characters(std::string_view text, Map map) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t from = at;
    const char32_t c = text::next_char(text, at);
    out += map(c, std::string(text.substr(from, at - from)));
  }
  return out;
}

bool is_letter(char32_t c) { return c < 0x80 && std::isalpha(static_cast<int>(c)) != 0; }

std::string_view twin(char32_t c) {
  switch (c) {
    case 'a':
      return "\u0430";
    case 'c':
      return "\u0441";
    case 'e':
      return "\u0435";
    case 'i':
      return "\u0456";
    case 'o':
      return "\u043E";
    case 'p':
      return "\u0440";
    case 's':
      return "\u0455";
    case 'x':
      return "\u0445";
    case 'y':
      return "\u0443";
    default:
      return {};
  }
}

std::string homoglyphs(std::string_view text, std::uint64_t) {
  return map_characters(text, [](char32_t c, std::string bytes) { return twin(c).empty() ? bytes : std::string(twin(c)); });
}

/// Puts `mark` behind each letter.
std::string with_marks(std::string_view text, std::string_view mark) {
  return map_characters(text, [&](char32_t c, std::string bytes) { return is_letter(c) ? bytes + std::string(mark) : bytes; });
}
std::string zero_width(std::string_view text, std::uint64_t) { return with_marks(text, "\u200B"); }
std::string tags(std::string_view text, std::uint64_t) { return with_marks(text, "\U000E0061"); }
std::string selectors(std::string_view text, std::uint64_t) { return with_marks(text, "\uFE0F"); }
std::string bidi(std::string_view text, std::uint64_t) { return with_marks(text, "\u202D\u202C"); }

std::string full_width(std::string_view text, std::uint64_t) {
  return map_characters(text, [](char32_t c, std::string bytes) {
    if (c <= 0x20 || c >= 0x7F) return bytes;
    std::string out;
    append_utf8(c + 0xFEE0, out);
    return out;
  });
}

/// Every second letter that has a leet digit.
std::string leet(std::string_view text, std::uint64_t seed) {
  Random random(seed);
  return map_characters(text, [&](char32_t c, std::string bytes) {
    constexpr std::string_view kFrom = "aeiost", kTo = "431057";
    const std::size_t at = c < 0x80 ? kFrom.find(static_cast<char>(c)) : std::string_view::npos;
    return at == std::string_view::npos || random.below(2) == 0 ? bytes : std::string(1, kTo[at]);
  });
}

/// l i k e  t h i s
std::string spaced(std::string_view text, std::uint64_t) {
  std::string out = map_characters(text, [](char32_t, const std::string& bytes) { return bytes + " "; });
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string base64(std::string_view text, std::uint64_t) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) bits = bits << 8 | (i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += i + k > text.size() ? '=' : kDigits[bits >> (18 - 6 * k) & 63];
  }
  return out;
}

std::string percent(std::string_view text, std::uint64_t) {
  std::string out;
  for (const char c : text) out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return out;
}

std::string mixed(std::string_view text, std::uint64_t seed) {
  Random random(seed);
  return map_characters(text, [&](char32_t c, std::string bytes) {
    if (!is_letter(c)) return bytes;
    switch (random.below(4)) {
      case 0:
        return bytes + "\u200B";
      case 1:
        return twin(c).empty() ? bytes : std::string(twin(c));
      case 2:
        return bytes + "\uFE0F";
      default:
        return bytes;
    }
  });
}

/// Held-out English rows that `wanted` takes, by the hash of their ids.
template <class Wanted>
std::vector<std::string> sample(const DetectionData& data, Wanted wanted) {
  std::vector<std::pair<std::uint64_t, std::string>> rows;
  for (const classify::DataSet& set : data.sets())
    for (const classify::Example& example : set.examples)
      if (example.split != "train" && example.language == "en" && example.text.size() <= kTextBytesMax && wanted(set, example))
        rows.emplace_back(Random(example.id + set.info.name).next(), example.text);
  std::sort(rows.begin(), rows.end());
  std::vector<std::string> out;
  for (std::size_t i = 0; i < std::min(kTexts, rows.size()); ++i) out.push_back(rows[i].second);
  return out;
}

Result<double> share_flagged(const std::vector<std::string>& texts, const guard::Filter& filter, const Disguise* disguise) {
  std::size_t flagged = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string text = disguise ? disguise->apply(texts[i], i) : texts[i];
    guard::Scope scope;
    scope.context.language = "en";
    std::vector<guard::Finding> found;
    TRY(filter.scan(text::Views(text), scope, found));
    flagged +=
        std::any_of(found.begin(), found.end(), [](const guard::Finding& one) { return one.threshold && one.score >= *one.threshold; });
  }
  return texts.empty() ? 0 : static_cast<double>(flagged) / static_cast<double>(texts.size());
}

}  // namespace

const std::vector<Disguise>& disguises() {
  static const std::vector<Disguise> all = {
      {"homoglyphs", homoglyphs}, {"zero-width", zero_width}, {"tag characters", tags}, {"variation selectors", selectors},
      {"bidi controls", bidi},    {"full width", full_width}, {"leet", leet},           {"spaced out", spaced},
      {"base64", base64},         {"percent", percent},       {"mixed", mixed}};
  return all;
}

Result<std::string> disguise_table(const DetectionData& data, const guard::Filter& filter) {
  const std::size_t label_attack = *classify::label_index("attack"), label_unsafe = *classify::label_index("unsafe"),
                    label_toxic = *classify::label_index("toxic");
  const auto harmful = sample(data, [&](const classify::DataSet&, const classify::Example& example) {
    return example.targets.positive(label_attack) || example.targets.positive(label_unsafe) || example.targets.positive(label_toxic);
  });
  const auto benign = sample(data, [](const classify::DataSet& set, const classify::Example&) { return set.info.task == "benign"; });
  std::string out =
      fmt::format("| disguise | recall ({} texts) | against plain | benign flagged ({} texts) | against plain |\n|---|---|---|---|---|\n",
                  harmful.size(), benign.size());
  const double recall = TRY(share_flagged(harmful, filter, nullptr)), false_positives = TRY(share_flagged(benign, filter, nullptr));
  out += fmt::format("| none | {:.1f} % | | {:.1f} % | |\n", 100 * recall, 100 * false_positives);
  for (const Disguise& disguise : disguises()) {
    const double hidden = TRY(share_flagged(harmful, filter, &disguise)), wrong = TRY(share_flagged(benign, filter, &disguise));
    out += fmt::format("| {} | {:.1f} % | {:+.1f} | {:.1f} % | {:+.1f} |\n", disguise.name, 100 * hidden, 100 * (hidden - recall),
                       100 * wrong, 100 * (wrong - false_positives));
  }
  return out;
}

}  // namespace steward::app
