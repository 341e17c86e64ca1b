#pragma once

#include <cstdint>
#include <string_view>

namespace steward::filters::pii {

/// What a folded word is to a postal address.
enum class StreetWord : std::uint8_t {
  kNone,
  kBehind,      ///< "street": ends the name of a street
  kBehindWeak,  ///< "court": so, but means other things as often
  kFront,       ///< "rue": begins the name of a street, behind its number
  kFirst,       ///< "calle": begins the name of a street, before its number
  kFirstWeak,   ///< "via"
  kBox,         ///< "postfach"
};

StreetWord street_word(std::string_view word);
/// Also "rue" where it stands before its number.
bool begins_street(std::string_view word);

enum class StreetSuffix : std::uint8_t { kNone, kStrong, kWeak };
/// Words such as "hauptstrasse"; `alone` is set where the word is the suffix itself.
StreetSuffix street_suffix(std::string_view word, bool& alone);

bool is_street_particle(std::string_view word);
bool is_us_state(std::string_view word);
bool is_country(std::string_view word);
bool is_unit_word(std::string_view word);
/// Words that introduce an address: "address", "live", "wohnhaft".
bool is_address_label(std::string_view word);
/// Small words that may follow an address: "in", "and".
bool may_follow_street(std::string_view word);
/// "Straße 5 km": what was counted is no house.
bool is_counted(std::string_view word);

}  // namespace steward::filters::pii
