#pragma once

#include <string_view>

namespace steward::filters::pii {

/// Whether a folded word is a common given name that means hardly anything else.
bool is_given_name(std::string_view word);
/// Whether a folded word, capitalised, is no part of a person's name: function words, nationalities, days, products, moods.
bool is_never_name(std::string_view word);
/// Whether a folded word belongs to the name of an organisation or a place.
bool is_organisation_word(std::string_view word);
/// Whether a folded word may stand in small letters inside a name: "van", "de".
bool is_name_particle(std::string_view word);
/// Whether Han characters before an honorific are a common family name, or begin with one.
bool is_east_asian_surname(std::string_view word);

}  // namespace steward::filters::pii
