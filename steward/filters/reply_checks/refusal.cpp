#include "steward/filters/reply_checks/refusal.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>

#include "steward/filters/phrases/phrase_matcher.h"
#include "steward/filters/reply_checks/refusal_phrases.h"
#include "steward/text/words.h"

namespace steward::filters {
namespace {

/// A refusal that opens a reply begins within so many bytes of the folded text.
constexpr std::size_t kOpeningBytes = 300;
constexpr std::size_t kSpeakerBytesMax = 30;

enum Kind : std::uint32_t { kApology, kInability, kReason, kOffer, kHelp, kKinds };

void add_language(const RefusalPhrases& from, PhraseSet& set) {
  const std::pair<Kind, std::span<const std::string_view>> lists[] = {
      {kApology, from.apology}, {kInability, from.inability}, {kReason, from.reason}, {kOffer, from.offer}, {kHelp, from.help}};
  for (const auto& [kind, phrases] : lists)
    for (const std::string_view phrase : phrases) set.add(phrase, kind);
  for (const std::string_view begin : from.inability_begins)
    for (const std::string_view end : from.inability_ends) set.add(std::string(begin) + " " + std::string(end), kInability);
}

/// One set for each language with English, one for all.
const PhraseSet& phrases_for(std::string_view language) {
  static const auto sets = [] {
    std::map<std::string, PhraseSet, std::less<>> made;
    const auto all = refusal_phrases();
    PhraseSet every(text::ViewKind::kFolded);
    for (const RefusalPhrases& one : all) {
      add_language(one, every);
      PhraseSet set(text::ViewKind::kFolded);
      add_language(one, set);
      if (one.language != "en") add_language(all.front(), set);
      made.emplace(one.language, std::move(set));
    }
    made.emplace("", std::move(every));
    return made;
  }();
  const auto found = sets.find(language);
  return found == sets.end() ? sets.find("")->second : found->second;
}

bool ends_sentence(char32_t c) {
  return c == '.' || c == '!' || c == '?' || c == '\n' || c == 0x0964 || c == 0x3002 || c == 0x061F || c == 0xFF01 || c == 0xFF1F;
}

/// "DAN: ", "[GPT]: " at the start of a line.
bool is_speaker_line(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon > kSpeakerBytesMax) return false;
  std::size_t words = 0;
  for (std::size_t at = 0; at < colon;) {
    const bool inside = at > 0 && text::is_word_char(static_cast<unsigned char>(line[at - 1]));
    if (text::is_word_char(text::next_char(line, at)) && !inside) ++words;
  }
  return words > 0 && words <= 2;
}

std::size_t count_speakers(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    if (begin > 0 && is_speaker_line(text.substr(begin, end - begin))) ++count;
    begin = end + 1;
  }
  return count;
}

/// Bytes of the sentences in which none of `matches` (sorted by where they begin) excuses the text. One that helps excuses nothing.
std::size_t count_plain_bytes(std::string_view text, const std::vector<PhraseMatch>& matches) {
  std::size_t plain = 0, begin = 0, next = 0;
  while (begin < text.size()) {
    std::size_t end = begin;
    while (end < text.size() && !ends_sentence(text::next_char(text, end))) {
    }
    bool excused = false, helps = false;
    for (; next < matches.size() && matches[next].span.begin < end; ++next) (matches[next].id == kHelp ? helps : excused) = true;
    if (!excused || helps) plain += end - begin;
    begin = end;
  }
  return plain;
}

/// How much there is, in doublings of 256 bytes.
double doublings(std::size_t bytes) { return std::log2(1 + static_cast<double>(bytes) / 256); }
/// How much of a short text it is; at most 2.
double density(std::size_t count, std::size_t bytes) {
  return std::min(2.0, static_cast<double>(count) * 256 / static_cast<double>(bytes + 256));
}

}  // namespace

RefusalSigns refusal_signs(std::string_view reply, std::string_view language) {
  const text::Views views(reply);
  const Source source(views, text::ViewKind::kFolded);
  std::vector<PhraseMatch> matches;
  PhraseCursor(phrases_for(language)).advance(source, matches);
  std::sort(matches.begin(), matches.end(), [](const PhraseMatch& a, const PhraseMatch& b) { return a.span.begin < b.span.begin; });
  RefusalSigns signs;
  std::array<std::size_t, kKinds> done{};
  for (const PhraseMatch& match : matches) {
    if (match.span.begin < done[match.id]) continue;
    done[match.id] = match.span.end;
    const bool opens = match.span.begin < kOpeningBytes;
    if (match.id == kApology) signs.apology_opens |= opens;
    if (match.id == kInability) {
      signs.inability_opens |= opens;
      ++signs.inabilities;
    }
    if (match.id == kReason) ++signs.reasons;
    if (match.id == kHelp && signs.inabilities > 0) ++signs.helps;
  }
  signs.speakers = count_speakers(source.text());
  signs.bytes = source.text().size();
  signs.bytes_plain = count_plain_bytes(source.text(), matches);
  return signs;
}

/// A logistic model. Its weights were fitted on the train split of labelled replies with benign answers beside them (README.md), each held
/// to the sign that it should have, but for that of `helps`, which stands for what those replies show too seldom.
double refusal_score(std::string_view reply, std::string_view language) {
  const RefusalSigns signs = refusal_signs(reply, language);
  double log_odds = -2.14;
  if (signs.inabilities == 0) {
    log_odds += 1.77 * density(signs.reasons, signs.bytes);
  } else {
    const double plain = doublings(signs.bytes_plain);
    log_odds += 2.63 + 1.99 * density(signs.inabilities, signs.bytes) - 0.91 * plain;
    log_odds += 0.10 * static_cast<double>(std::min<std::size_t>(signs.reasons, 2));
    if (signs.apology_opens) log_odds += 0.98 - 1.17 * plain;
    if (signs.inability_opens) log_odds += 1.72 - 1.61 * static_cast<double>(std::min<std::size_t>(signs.speakers, 2));
    if (signs.helps > 0) log_odds -= 2.2;
  }
  return 1 / (1 + std::exp(-log_odds));
}

}  // namespace steward::filters
