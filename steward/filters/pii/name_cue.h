#pragma once

#include <cstdint>
#include <string_view>

namespace steward::filters::pii {

/// What a word says about a name behind it.
enum class NameCue : std::uint8_t {
  kNone,
  kName,      ///< "name", with "my" before it and "is" behind it, or as a label
  kNamePart,  ///< "surname", "first name" in one word: as a label
  kIntro,     ///< "heiße" behind "ich", "llamo" behind "me"
  kTitle,     ///< "Mr", "Frau"
  kIAm,       ///< "am" behind "I", "bin" behind "ich"
  kRelation,  ///< "wife" behind "my"
  kClosing,   ///< "regards", at the end of a letter
  kHeader,    ///< "from", as a label at the begin of a line
  kPerson,    ///< "patient", as a label
  kParty,     ///< "contact", as a label: of organisations, too
  kGreeting,  ///< "dear"
  kNamed,     ///< "called"
};

/// The cue that `word`, folded, may be.
NameCue name_cue(std::string_view word);
/// The first character, three bytes, of a cue in Han or Kana.
bool begins_east_asian_cue(std::string_view character);

}  // namespace steward::filters::pii
