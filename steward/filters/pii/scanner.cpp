#include "steward/filters/pii/scanner.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "steward/filters/pii/digits.h"

namespace steward::filters::pii {
namespace {

/// Bytes at which something may trigger: '@', '[', digits, and the first bytes of digits of other scripts.
constexpr auto kInteresting = [] {
  std::array<bool, 256> table{};
  for (unsigned char c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned char c : {0x40, 0x5B, 0xD9, 0xDB, 0xE0}) table[c] = true;
  return table;
}();

std::size_t next_interesting(std::string_view text, std::size_t at) {
  while (at < text.size() && !kInteresting[static_cast<unsigned char>(text[at])]) ++at;
  return at;
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
  int value = 0;
  while (const std::size_t length = digit_at(text, at, value)) at += length;
  return at;
}

}  // namespace

Triggers::Triggers(std::vector<const Recogniser*> recognisers) : all_(std::move(recognisers)) {
  for (const Recogniser* recogniser : all_) by_trigger_[static_cast<std::size_t>(recogniser->trigger)].push_back(recogniser);
}

std::size_t Scanner::advance(std::string_view text, bool finished, std::vector<Hit>& hits) {
  while ((at_ = next_interesting(text, at_)) < text.size()) {
    int value = 0;
    Trigger trigger = Trigger::kDigit;
    if (text[at_] == '@') {
      trigger = Trigger::kAt;
    } else if (text[at_] == '[') {
      trigger = Trigger::kBracket;
    } else if (digit_at(text, at_, value) == 0) {
      ++at_;
      continue;
    } else if (is_digit_before(text, at_)) {  // the rest of a group that was decided when less of it was known
      at_ = skip_digits(text, at_);
      continue;
    }
    switch (try_trigger(text, finished, trigger, hits)) {
      case Step::kStarved:
        return watermark(text, at_);
      case Step::kHit:
        from_ = at_ = hits.back().match.span.end;
        break;
      case Step::kMiss:
        at_ = trigger == Trigger::kDigit ? skip_digits(text, at_) : at_ + 1;
        break;
    }
  }
  return finished ? text.size() : watermark(text, text.size());
}

Scanner::Step Scanner::try_trigger(std::string_view text, bool finished, Trigger trigger, std::vector<Hit>& hits) const {
  std::optional<Hit> best;
  for (const Recogniser* recogniser : triggers_->of(trigger)) {
    Reader reader(text, finished);
    auto match = recogniser->probe(reader, {at_, from_}, *options_);
    if (reader.starved()) return Step::kStarved;
    if (match && (!best || match->span.size() > best->match.span.size())) best = Hit{recogniser, std::move(*match)};
  }
  if (!best) return Step::kMiss;
  hits.push_back(std::move(*best));
  return Step::kHit;
}

std::size_t Scanner::watermark(std::string_view text, std::size_t end) const {
  std::size_t lowest = end;
  for (const Recogniser* recogniser : triggers_->all()) lowest = std::min(lowest, recogniser->tail(text, end, from_));
  return lowest;
}

}  // namespace steward::filters::pii
