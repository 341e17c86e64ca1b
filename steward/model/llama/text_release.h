#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "steward/model/language_model.h"

namespace steward::model {

/// Turns generated pieces into text that may be sent: whole characters only, nothing of a stop string, and nothing that may
/// still become one. Exact over piece borders.
class TextRelease {
 public:
  explicit TextRelease(std::vector<std::string> stops);

  struct Out {
    std::string text;
    std::vector<TokenLogprob> tokens;  ///< whose text has begun to be released
    bool stopped = false;              ///< a stop string was met; it and what follows is dropped
  };
  Out push(std::string_view piece, TokenLogprob token);
  /// The model ended: releases what is left; an unfinished character becomes U+FFFD.
  Out finish();

 private:
  Out release(std::size_t end);
  std::size_t releasable() const;

  std::vector<std::string> stops_;
  std::string held_;
  std::size_t held_begin_ = 0;                                ///< position of held_ in everything generated
  std::vector<std::pair<std::size_t, TokenLogprob>> tokens_;  ///< by where their text begins
};

}  // namespace steward::model
