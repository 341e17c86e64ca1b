#include "steward/filters/pii/recogniser.h"

namespace steward::filters::pii {
namespace {

constexpr std::size_t kKindMax = 24;
constexpr std::size_t kNumberMax = 6;
constexpr std::size_t kSpacesMax = 2;

void skip_spaces(Reader& reader, std::size_t& at) {
  for (std::size_t i = 0; i < kSpacesMax && reader.at(at) == ' '; ++i) ++at;
}

/// "[EMAIL_1]" as models write it again: in any case, with spaces inside, the underscore escaped for Markdown or left out.
std::optional<Match> probe(Reader& reader, const Place& place, const Options&) {
  std::size_t at = place.trigger + 1;
  std::string canonical = "[";
  skip_spaces(reader, at);
  while (is_ascii_letter(reader.at(at))) {
    if (canonical.size() > kKindMax) return std::nullopt;
    canonical += static_cast<char>(reader.at(at++) & ~0x20);
  }
  if (canonical.size() == 1) return std::nullopt;
  skip_spaces(reader, at);
  if (reader.at(at) == '\\') ++at;
  if (reader.at(at) == '_' || reader.at(at) == '-') ++at;
  skip_spaces(reader, at);
  canonical += '_';
  std::size_t count = 0;
  for (; is_ascii_digit(reader.at(at)); ++count) {
    if (count == kNumberMax) return std::nullopt;
    canonical += reader.at(at++);
  }
  if (count == 0) return std::nullopt;
  skip_spaces(reader, at);
  if (reader.at(at) == '\\') ++at;
  if (reader.at(at) != ']') return std::nullopt;
  canonical += ']';
  return Match{{place.trigger, at + 1}, std::move(canonical)};
}

std::size_t tail(std::string_view, std::size_t end, std::size_t) { return end; }

}  // namespace

const Recogniser kPlaceholder{"placeholder", "", "placeholder", Trigger::kBracket, probe, caseless<tail>};

}  // namespace steward::filters::pii
