#pragma once

#include <span>
#include <string_view>

namespace steward::filters {

struct IdentityPhrases {
  std::string_view language;
  std::span<const std::string_view> claims;     ///< the assistant says it is human
  std::span<const std::string_view> questions;  ///< the user asks whether it is
  std::string_view negation;                    ///< the word that turns a claim round when it stands right before; may be empty
  std::string_view honest;                      ///< what stands in a claim's place
};

/// One entry a language: en, de, es, fr, pt, it, hi.
std::span<const IdentityPhrases> identity_phrases();
/// Words before a claim that make it none: if, whether, said, means …
std::span<const std::string_view> reporting_words();
/// Words behind a phrase that make it another one: "a human rights lawyer".
std::span<const std::string_view> continuing_words();

}  // namespace steward::filters
