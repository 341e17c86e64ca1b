#include "steward/filters/pii/scanner.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "steward/filters/pii/digits.h"
#include "steward/filters/pii/name_cue.h"
#include "steward/filters/pii/word_set.h"

namespace steward::filters::pii {
namespace {

enum class Kind : std::uint8_t { kDull, kMark, kAsciiLetter, kHighLetter };

/// Bytes at which something may trigger: '@', '[', digits, the first bytes of digits of other scripts, and letters.
constexpr auto kKinds = [] {
  std::array<Kind, 256> table{};
  for (unsigned char c = '0'; c <= '9'; ++c) table[c] = Kind::kMark;
  for (unsigned char c : {0x40, 0x5B}) table[c] = Kind::kMark;
  for (unsigned char c = 'a'; c <= 'z'; ++c) table[c] = table[static_cast<unsigned char>(c - 32)] = Kind::kAsciiLetter;
  for (unsigned c = 0xC3; c <= 0xED; ++c) table[c] = Kind::kHighLetter;
  return table;
}();

Kind kind_of(char c) { return kKinds[static_cast<unsigned char>(c)]; }

std::size_t next_interesting(std::string_view text, std::size_t at) {
  while (at < text.size() && kind_of(text[at]) == Kind::kDull) ++at;
  return at;
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
  int value = 0;
  while (const std::size_t length = digit_at(text, at, value)) at += length;
  return at;
}

bool follows_letter(std::string_view text, std::size_t at) {
  std::size_t lead = at - 1;
  while (lead > 0 && (static_cast<unsigned char>(text[lead]) & 0xC0) == 0x80) --lead;
  return letter_at(text, lead) == at - lead;
}

std::size_t letters_end(std::string_view text, std::size_t at) {
  while (const std::size_t letter = letter_at(text, at)) at += letter;
  return at;
}

std::size_t char_length(char lead) {
  const auto c = static_cast<unsigned char>(lead);
  return c < 0xC0 ? 1 : c < 0xE0 ? 2 : 3;
}

}  // namespace

Triggers::Triggers(std::vector<const Recogniser*> recognisers) : all_(std::move(recognisers)) {
  for (const Recogniser* recogniser : all_) by_trigger_[static_cast<std::size_t>(recogniser->trigger)].push_back(recogniser);
}

std::size_t Scanner::advance(const CasedText& cased, std::vector<Hit>& hits) {
  const std::string_view text = cased.text();
  while ((at_ = next_interesting(text, at_)) < text.size()) {
    Trigger trigger = Trigger::kWord;
    Step step = find_trigger(cased, trigger);
    if (step == Step::kMiss) continue;
    if (step == Step::kStarved) return watermark(cased, at_, text.size());
    step = try_trigger(cased, trigger, hits);
    switch (step) {
      case Step::kStarved:
        return watermark(cased, at_, trigger == Trigger::kWord ? letters_end(text, at_) : at_);
      case Step::kHit:
        from_ = at_ = hits.back().match.span.end;
        break;
      case Step::kMiss:
        at_ = trigger == Trigger::kDigit ? skip_digits(text, at_) : at_ + char_length(text[at_]);
        break;
    }
  }
  return watermark(cased, text.size(), text.size());
}

Scanner::Step Scanner::find_trigger(const CasedText& cased, Trigger& trigger) {
  const std::string_view text = cased.text();
  int value = 0;
  if (text[at_] == '@' || text[at_] == '[') {
    trigger = text[at_] == '@' ? Trigger::kAt : Trigger::kBracket;
    return Step::kHit;
  }
  if (kind_of(text[at_]) != Kind::kAsciiLetter && digit_at(text, at_, value) > 0) {
    trigger = Trigger::kDigit;
    if (!is_digit_before(text, at_)) return Step::kHit;
    at_ = skip_digits(text, at_);  // the rest of a group that was decided when less of it was known
    return Step::kMiss;
  }
  trigger = Trigger::kWord;
  return find_word(cased);
}

Scanner::Step Scanner::find_word(const CasedText& cased) {
  const std::string_view text = cased.text();
  if (triggers_->of(Trigger::kWord).empty()) {
    at_ += char_length(text[at_]);
    return Step::kMiss;
  }
  const std::size_t length = letter_at(text, at_);
  if (length == 0) {
    if (begins_east_asian_cue(text.substr(at_, 3))) return Step::kHit;
    at_ += char_length(text[at_]);
    return Step::kMiss;
  }
  const std::size_t end = letters_end(text, at_);
  if (end == text.size() && !cased.finished() && end - at_ <= kWordBytesMax) return Step::kStarved;
  const bool is_start = at_ == 0 || !(is_ascii_digit(text[at_ - 1]) || text[at_ - 1] == '_' || follows_letter(text, at_));
  if (is_start && end - at_ <= kWordBytesMax) {
    if (name_cue(text.substr(at_, end - at_)) != NameCue::kNone || (!known_.empty() && cased.is_capital(at_))) return Step::kHit;
  }
  at_ = end;
  return Step::kMiss;
}

Scanner::Step Scanner::try_trigger(const CasedText& cased, Trigger trigger, std::vector<Hit>& hits) {
  std::optional<Hit> best;
  for (const Recogniser* recogniser : triggers_->of(trigger)) {
    Reader reader(cased);
    auto match = recogniser->probe(reader, {at_, from_, &known_}, *options_);
    if (reader.starved()) return Step::kStarved;
    if (match && (!best || match->span.size() > best->match.span.size())) best = Hit{recogniser, std::move(*match)};
  }
  if (!best) return Step::kMiss;
  if (best->recogniser == &kName && best->match.canonical.find(' ') != std::string::npos) known_.add(best->match.canonical);
  hits.push_back(std::move(*best));
  return Step::kHit;
}

std::size_t Scanner::watermark(const CasedText& cased, std::size_t word, std::size_t other) const {
  if (cased.finished() && word == cased.text().size()) return word;
  std::size_t lowest = word;
  for (const Recogniser* recogniser : triggers_->all())
    lowest = std::min(lowest, recogniser->tail(cased, recogniser->trigger == Trigger::kWord ? word : other, from_));
  return lowest;
}

}  // namespace steward::filters::pii
