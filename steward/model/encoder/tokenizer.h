#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "steward/core/result.h"
#include "steward/model/encoder/weights_file.h"

namespace steward::model {

struct EncoderToken {
  std::int32_t id = 0;
  std::uint32_t begin = 0, end = 0;  ///< bytes of the text; may be empty for what the tokeniser added
};

/// Cuts a text into the pieces that a model knows, without the tokens that stand around a text. Immutable, thread-safe.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  /// text: below 4 GB. Tokens are in order, and end on whole characters.
  virtual std::vector<EncoderToken> tokenize(std::string_view text) const = 0;
};

/// Reads the vocabulary of a file: `bert` (WordPiece without case and accents) or `t5` (unigram pieces with scores).
/// Errors: kInvalidInput.
Result<std::unique_ptr<Tokenizer>> load_tokenizer(const WeightsFile& file);

/// The two kinds.
Result<std::unique_ptr<Tokenizer>> load_word_piece(const WeightsFile& file);
Result<std::unique_ptr<Tokenizer>> load_unigram(const WeightsFile& file);

/// Of the tokens that are pieces of text. Errors: kInvalidInput.
struct Vocabulary {
  std::vector<std::string_view> tokens;
  std::vector<std::int32_t> kinds;  ///< 1: a piece of text
};
Result<Vocabulary> load_vocabulary(const WeightsFile& file);

}  // namespace steward::model
