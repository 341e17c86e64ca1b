// Unigram pieces as SentencePiece uses them: characters go through the file's own map, spaces become marks that begin words, and each word
// is cut where the sum of the pieces' scores is largest [Kudo 2018, arXiv:1804.10959].
#include <algorithm>
#include <cmath>

#include "steward/model/encoder/characters.h"
#include "steward/model/encoder/piece_trie.h"
#include "steward/model/encoder/tokenizer.h"

namespace steward::model {
namespace {

constexpr char32_t kMark = 0x2581;
constexpr float kUnknownPenalty = 10.0f;

/// Replacements of single characters.
struct CharacterMap {
  std::vector<std::uint32_t> points;   // ascending
  std::vector<std::uint32_t> starts;   // of each point's targets, and their end
  std::vector<std::uint32_t> targets;  // scalar values

  bool is_sound() const {
    if (starts.size() != points.size() + 1 || starts.front() != 0 || starts.back() != targets.size()) return false;
    return std::is_sorted(points.begin(), points.end()) && std::is_sorted(starts.begin(), starts.end());
  }
  /// Index of `c`, or points.size().
  std::size_t find(char32_t c) const {
    const auto at = std::lower_bound(points.begin(), points.end(), static_cast<std::uint32_t>(c));
    return at != points.end() && *at == c ? static_cast<std::size_t>(at - points.begin()) : points.size();
  }
};

class Unigram : public Tokenizer {
 public:
  Unigram(const Vocabulary& vocabulary, std::vector<float> scores, CharacterMap map, std::int32_t unknown)
      : scores_(std::move(scores)), map_(std::move(map)), unknown_(unknown) {
    for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i)
      if (vocabulary.kinds[i] == 1) pieces_.add(0, vocabulary.tokens[i], static_cast<std::int32_t>(i));
    unknown_score_ = *std::min_element(scores_.begin(), scores_.end()) - kUnknownPenalty;
    for (char32_t c = 0; c < 128; ++c) is_ascii_mapped_[c] = map_.find(c) != map_.points.size();
  }

  std::vector<EncoderToken> tokenize(std::string_view text) const override {
    Work work;
    work.out.reserve(text.size() / 3);
    work.word.push_back({kMark, 0, 0});
    for (std::size_t at = 0; at < text.size();) {
      const Character next = character_at(text, at);
      const auto begin = static_cast<std::uint32_t>(at), end = static_cast<std::uint32_t>(at + next.bytes);
      at = end;
      const std::size_t found = next.c < 128 && !is_ascii_mapped_[next.c] ? map_.points.size() : map_.find(next.c);
      if (found == map_.points.size()) {
        put({next.c, begin, end}, work);
      } else {
        for (std::uint32_t i = map_.starts[found]; i < map_.starts[found + 1]; ++i) put({map_.targets[i], begin, end}, work);
      }
    }
    if (work.out.empty() && work.word.size() == 1) return {};  // nothing but the mark before the text
    finish(work);
    return std::move(work.out);
  }

 private:
  struct Letter {
    char32_t c;
    std::uint32_t begin, end;
  };
  struct Cut {
    float score = -INFINITY;
    std::int32_t piece = 0;
    std::uint32_t from = 0;
  };
  struct Work {
    std::vector<Letter> word;  // begins with a mark
    std::vector<Cut> cuts;     // the best way to each place in the word
    std::vector<EncoderToken> out;
  };

  /// A space ends the word, unless it follows another, or begins the text.
  void put(Letter letter, Work& work) const {
    if (letter.c != ' ') {
      work.word.push_back(letter);
    } else if (work.word.size() > 1) {
      finish(work);
      work.word.push_back({kMark, letter.begin, letter.end});
    } else {
      work.word.front() = {kMark, work.word.front().begin, letter.end};
    }
  }

  void finish(Work& work) const {
    const std::vector<Letter>& word = work.word;
    work.cuts.assign(word.size() + 1, Cut{});
    work.cuts[0].score = 0;
    for (std::uint32_t i = 0; i < word.size(); ++i) {
      const float so_far = work.cuts[i].score;
      if (so_far == -INFINITY) continue;
      const auto offer = [&](std::uint32_t end, float score, std::int32_t piece) {
        if (so_far + score > work.cuts[end].score) work.cuts[end] = {so_far + score, piece, i};
      };
      std::uint32_t node = 0;
      for (std::uint32_t j = i; j < word.size(); ++j) {
        node = pieces_.step(node, word[j].c);
        if (node == PieceTrie::kNowhere) break;
        if (const std::int32_t piece = pieces_.value(node); piece >= 0) offer(j + 1, scores_[static_cast<std::size_t>(piece)], piece);
      }
      offer(i + 1, unknown_score_, unknown_);
    }
    const auto first = static_cast<std::ptrdiff_t>(work.out.size());
    for (auto end = static_cast<std::uint32_t>(word.size()); end > 0; end = work.cuts[end].from)
      work.out.push_back({work.cuts[end].piece, word[work.cuts[end].from].begin, word[end - 1].end});
    std::reverse(work.out.begin() + first, work.out.end());
    work.word.clear();
  }

  PieceTrie pieces_;
  std::vector<float> scores_;
  CharacterMap map_;
  bool is_ascii_mapped_[128] = {};
  std::int32_t unknown_;
  float unknown_score_ = 0;
};

}  // namespace

Result<std::unique_ptr<Tokenizer>> load_unigram(const WeightsFile& file) {
  const Vocabulary vocabulary = TRY(load_vocabulary(file));
  std::vector<float> scores = TRY(file.numbers<float>("tokenizer.ggml.scores"));
  CharacterMap map;
  map.points = TRY(file.numbers<std::uint32_t>("steward.tokenizer.map.points"));
  map.starts = TRY(file.numbers<std::uint32_t>("steward.tokenizer.map.starts"));
  map.targets = TRY(file.numbers<std::uint32_t>("steward.tokenizer.map.targets"));
  if (!map.is_sound()) return fail(ErrorCode::kInvalidInput, "its map of characters does not fit together");
  // Scores are logarithms of probabilities: sums over the longest word stay numbers.
  const auto is_score = [](float score) { return std::isfinite(score) && std::abs(score) < 1e6f; };
  if (scores.size() != vocabulary.tokens.size() || !std::all_of(scores.begin(), scores.end(), is_score))
    return fail(ErrorCode::kInvalidInput, "the scores of its tokens are missing or no logarithms");
  const auto unknown = TRY(file.integer("tokenizer.ggml.unknown_token_id", 0, static_cast<std::int64_t>(scores.size()) - 1));
  return std::unique_ptr<Tokenizer>(new Unigram(vocabulary, std::move(scores), std::move(map), static_cast<std::int32_t>(unknown)));
}

}  // namespace steward::model
