#include "steward/model/encoder/tokenizer.h"

namespace steward::model {

Result<Vocabulary> load_vocabulary(const WeightsFile& file) {
  Vocabulary out;
  out.tokens = TRY(file.texts("tokenizer.ggml.tokens"));
  out.kinds = TRY(file.numbers<std::int32_t>("tokenizer.ggml.token_type"));
  if (out.tokens.empty() || out.tokens.size() > (1u << 24) || out.kinds.size() != out.tokens.size())
    return fail(ErrorCode::kInvalidInput, "its vocabulary is empty, enormous or incomplete");
  return out;
}

Result<std::unique_ptr<Tokenizer>> load_tokenizer(const WeightsFile& file) {
  const std::string kind = file.text("tokenizer.ggml.model");
  if (kind == "bert") return load_word_piece(file);
  if (kind == "t5") return load_unigram(file);
  return fail(ErrorCode::kInvalidInput, "its tokeniser is neither WordPiece (bert) nor unigram (t5)");
}

}  // namespace steward::model
