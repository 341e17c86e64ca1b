// WordPiece as BERT uses it: text is cut at spaces and around punctuation and CJK characters, loses case and accents, and each word becomes
// the longest pieces from left to right [Devlin et al. 2019].
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>

#include "steward/core/check.h"
#include "steward/model/encoder/characters.h"
#include "steward/model/encoder/piece_trie.h"
#include "steward/model/encoder/tokenizer.h"

namespace steward::model {
namespace {

constexpr std::string_view kWordMark = "\xE2\x96\x81";  // U+2581 begins a token that begins a word
constexpr std::uint32_t kWordBegin = 0, kInWord = 1;    // roots
constexpr std::size_t kWordCharactersMax = 100;

enum class Kind { kDropped, kSpace, kAlone, kLetter };

bool is_cjk(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) ||
         (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B820 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

Kind kind_of(char32_t c) {
  if (c < 0x80) {
    if (c == ' ' || (c >= '\t' && c <= '\r' && c != 0x0B && c != 0x0C)) return Kind::kSpace;
    if (c < ' ' || c == 0x7F) return Kind::kDropped;
    const bool is_letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_letter ? Kind::kLetter : Kind::kAlone;
  }
  if (c == kNoCharacter || c == 0xFFFD) return Kind::kDropped;
  const auto point = static_cast<UChar32>(c);
  if (u_isUWhiteSpace(point)) return Kind::kSpace;
  const std::uint32_t category = U_GET_GC_MASK(point);
  if (category & U_GC_C_MASK) return Kind::kDropped;
  return (category & U_GC_P_MASK) || is_cjk(c) ? Kind::kAlone : Kind::kLetter;
}

class WordPiece : public Tokenizer {
 public:
  WordPiece(const Vocabulary& vocabulary, std::int32_t unknown) : unknown_(unknown) {
    UErrorCode status = U_ZERO_ERROR;
    decompose_ = icu::Normalizer2::getNFDInstance(status);
    STEWARD_CHECK(U_SUCCESS(status));
    for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
      if (vocabulary.kinds[i] != 1) continue;
      const std::string_view token = vocabulary.tokens[i];
      const bool begins = token.starts_with(kWordMark);
      pieces_.add(begins ? kWordBegin : kInWord, begins ? token.substr(kWordMark.size()) : token, static_cast<std::int32_t>(i));
    }
  }

  std::vector<EncoderToken> tokenize(std::string_view text) const override {
    std::vector<EncoderToken> out;
    out.reserve(text.size() / 4);
    std::vector<Letter> word;
    for (std::size_t at = 0; at < text.size();) {
      const Character next = character_at(text, at);
      const auto begin = static_cast<std::uint32_t>(at), end = static_cast<std::uint32_t>(at + next.bytes);
      at = end;
      const Kind kind = kind_of(next.c);
      if (kind == Kind::kDropped) continue;
      if (kind != Kind::kLetter) finish(word, out);
      if (kind == Kind::kSpace) continue;
      put(next.c, begin, end, word);
      if (kind == Kind::kAlone) finish(word, out);
    }
    finish(word, out);
    return out;
  }

 private:
  struct Letter {
    char32_t c;
    std::uint32_t begin, end;
  };

  void put(char32_t c, std::uint32_t begin, std::uint32_t end, std::vector<Letter>& word) const {
    if (c < 0x80) {
      word.push_back({c >= 'A' && c <= 'Z' ? c + 32 : c, begin, end});
      return;
    }
    icu::UnicodeString parts;
    if (!decompose_->getDecomposition(static_cast<UChar32>(c), parts)) parts = icu::UnicodeString(static_cast<UChar32>(c));
    for (std::int32_t i = 0; i < parts.length(); i = parts.moveIndex32(i, 1)) {
      const UChar32 part = parts.char32At(i);
      if (u_charType(part) != U_NON_SPACING_MARK) word.push_back({static_cast<char32_t>(u_tolower(part)), begin, end});
    }
  }

  /// The word becomes pieces, or one unknown token if some part of it is no piece.
  void finish(std::vector<Letter>& word, std::vector<EncoderToken>& out) const {
    if (word.empty()) return;
    const std::size_t before = out.size();
    std::size_t at = word.size() > kWordCharactersMax ? word.size() + 1 : 0;
    while (at < word.size()) {
      std::uint32_t node = at == 0 ? kWordBegin : kInWord;
      std::size_t end = at;
      std::int32_t found = -1;
      for (std::size_t i = at; i < word.size(); ++i) {
        node = pieces_.step(node, word[i].c);
        if (node == PieceTrie::kNowhere) break;
        if (pieces_.value(node) < 0) continue;
        found = pieces_.value(node);
        end = i + 1;
      }
      if (found < 0) break;
      out.push_back({found, word[at].begin, word[end - 1].end});
      at = end;
    }
    if (at != word.size()) {
      out.resize(before);
      out.push_back({unknown_, word.front().begin, word.back().end});
    }
    word.clear();
  }

  PieceTrie pieces_{2};
  const icu::Normalizer2* decompose_ = nullptr;  // ICU's own, for the life of the program
  std::int32_t unknown_;
};

}  // namespace

Result<std::unique_ptr<Tokenizer>> load_word_piece(const WeightsFile& file) {
  const Vocabulary vocabulary = TRY(load_vocabulary(file));
  const auto most = static_cast<std::int64_t>(vocabulary.tokens.size()) - 1;
  const auto unknown = TRY(file.integer("tokenizer.ggml.unknown_token_id", 0, most));
  return std::unique_ptr<Tokenizer>(new WordPiece(vocabulary, static_cast<std::int32_t>(unknown)));
}

}  // namespace steward::model
