#pragma once

#include <optional>
#include <string_view>

#include "steward/text/mapped_text.h"

namespace steward::filters::secret {

/// What is secret in a token, and by which rule.
struct Match {
  text::Span span;        ///< in the text
  std::string_view rule;  ///< "github-token", "password" …
};

/// Compiles the rules, so that no scan waits for it.
void prepare();

/// Looks into the token `token` of `text` and at what stands before it on its line. Both are folded text.
std::optional<Match> find_secret(std::string_view text, text::Span token);

/// Shannon entropy of the bytes, in bits per byte [Shannon 1948, theorem 2].
double entropy_bits(std::string_view text);

}  // namespace steward::filters::secret
