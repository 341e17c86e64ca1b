#include "steward/filters/phrases/prefilter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "steward/filters/phrases/word_reader.h"

namespace steward::filters {
namespace {

constexpr std::size_t kBlock = 64;

/// Of the first eight bytes of a word, as a number, and of its length.
std::uint64_t hash_of(std::uint64_t head, std::size_t length) {
  const std::uint64_t bits = length >= 8 ? head : head & ((std::uint64_t{1} << 8 * length) - 1);
  const std::uint64_t mixed = (bits ^ length * 0x9E3779B97F4A7C15) * 0xD6E8FEB86659FD93;
  return mixed ^ mixed >> 32;
}

std::uint64_t hash_of(std::string_view word) {
  std::uint64_t head = 0;
  std::memcpy(&head, word.data(), std::min<std::size_t>(8, word.size()));
  return hash_of(head, word.size());
}

std::uint64_t pair_of(std::uint64_t first, std::uint64_t second) { return (std::rotl(first, 23) ^ second) * 0x9FB21C651E98DF25 | 1; }
std::uint64_t single_of(std::uint64_t hash) { return pair_of(hash, 0x51); }

/// Where in a block of text the letters and digits (and bytes beyond ASCII), the apostrophes and the bytes beyond ASCII are.
struct Masks {
  std::uint64_t core = 0, apostrophes = 0, high = 0;
};

#ifdef __SSE2__
Masks masks_of(const char* block) {
  Masks out;
  const auto between = [](__m128i bytes, char low, char high) {
    return _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8(static_cast<char>(low - 1))),
                         _mm_cmplt_epi8(bytes, _mm_set1_epi8(static_cast<char>(high + 1))));
  };
  const auto bits = [](__m128i bytes) { return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(bytes))); };
  for (int part = 0; part < 4; ++part) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block) + part);
    const __m128i letters = between(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 'z');
    const __m128i core = _mm_or_si128(_mm_or_si128(letters, between(bytes, '0', '9')), bytes);  // a byte beyond ASCII has the high bit
    const __m128i apostrophes = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\'')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('_')));
    out.core |= bits(core) << 16 * part;
    out.apostrophes |= bits(apostrophes) << 16 * part;
    out.high |= bits(bytes) << 16 * part;
  }
  return out;
}
#else
Masks masks_of(const char* block) {
  Masks out;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const char c = block[i];
    const std::uint64_t bit = std::uint64_t{1} << i;
    const bool high = static_cast<unsigned char>(c) >= 0x80;
    if (high || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')) out.core |= bit;
    if (c == '\'' || c == '_') out.apostrophes |= bit;
    if (high) out.high |= bit;
  }
  return out;
}
#endif

Masks masks_at(std::string_view text, std::size_t at) {
  if (at >= text.size()) return {};
  if (at + kBlock <= text.size()) return masks_of(text.data() + at);
  std::array<char, kBlock> rest{};
  std::memcpy(rest.data(), text.data() + at, text.size() - at);
  return masks_of(rest.data());
}

std::uint64_t bloom_bits(std::uint64_t hash) { return std::uint64_t{1} << (hash >> 32 & 63) | std::uint64_t{1} << (hash >> 38 & 63); }

/// How rare a word most likely is: long ones are.
std::size_t rarity(std::string_view word) { return word == "a" || word == "i" ? 0 : word.size(); }

}  // namespace

void Prefilter::add(const std::vector<std::string>& words) {
  if (words.size() == 1) {
    const std::uint64_t hash = hash_of(words[0]);
    mark(hash);
    return insert(table_, table_count_, single_of(hash));
  }
  std::size_t best = 0;
  const auto weight = [&](std::size_t i) {
    return std::max(rarity(words[i]), rarity(words[i + 1])) * 64 + words[i].size() + words[i + 1].size();
  };
  for (std::size_t i = 1; i + 1 < words.size(); ++i)
    if (weight(i) > weight(best)) best = i;
  const std::uint64_t first = hash_of(words[best]), second = hash_of(words[best + 1]);
  mark(rarity(words[best]) > rarity(words[best + 1]) ? first : second);
  insert(table_, table_count_, pair_of(first, second));
}

/// Adds a key to an open-addressing table, which grows.
void Prefilter::insert(std::vector<std::uint64_t>& table, std::size_t& count, std::uint64_t key) {
  if (table.size() < 4 * (count + 1)) {
    std::vector<std::uint64_t> old(std::max<std::size_t>(64, 2 * table.size()));
    std::swap(old, table);
    count = 0;
    for (const std::uint64_t known : old)
      if (known != 0) insert(table, count, known);
  }
  std::size_t at = key >> 20 & (table.size() - 1);
  while (table[at] != 0 && table[at] != key) at = (at + 1) & (table.size() - 1);
  if (table[at] == 0) ++count;
  table[at] = key;
}

void Prefilter::mark(std::uint64_t anchor) {
  anchors_.push_back(anchor);
  const auto set = [&](std::uint64_t hash) { bits_[hash >> shift_] |= bloom_bits(hash); };
  if (bits_.size() * 2 >= anchors_.size() && !bits_.empty()) return set(anchor);
  bits_.assign(std::max<std::size_t>(64, 2 * bits_.size()), 0);
  shift_ = 64 - std::countr_zero(bits_.size());
  for (const std::uint64_t hash : anchors_) set(hash);
}

inline bool Prefilter::is_anchor(std::uint64_t hash) const {
  const std::uint64_t wanted = bloom_bits(hash);
  return (bits_[hash >> shift_] & wanted) == wanted;
}

/// One text.
class PrefilterScan {
 public:
  PrefilterScan(const Prefilter& filter, std::string_view text) : filter_(filter), text_(text) {}

  bool may_hold_any() {
    Masks here = masks_at(text_, 0);
    for (std::size_t at = 0; at < text_.size() + 1; at += kBlock) {
      const Masks next = masks_at(text_, at + kBlock);
      if (!take_block(at, here, next)) return true;
      if (count_ > kHashesMax - kBlock && flush()) return true;
      here = next;
    }
    hashes_[count_++] = 0;  // no word follows
    return flush();
  }

 private:
  static constexpr std::size_t kHashesMax = 512;

  /// False if the block is written so oddly that only a slow reading can tell.
  bool take_block(std::size_t at, const Masks& here, const Masks& next) {
    if ((here.apostrophes & (here.apostrophes << 1 | (last_apostrophe_ ? 1 : 0))) != 0) return false;
    const std::uint64_t core_before = here.core << 1 | (last_core_ ? 1 : 0);
    const std::uint64_t core_behind = here.core >> 1 | next.core << 63;
    const std::uint64_t words = here.core | (here.apostrophes & core_before & core_behind);
    const std::uint64_t before = words << 1 | (in_word_ ? 1 : 0);
    std::uint64_t begins = words & ~before, ends = ~words & before;
    const bool plain = (here.high | (high_in_word_ ? 1 : 0)) == 0;
    const auto begin_next = [&] {
      begin_ = at + static_cast<std::size_t>(std::countr_zero(begins));
      begins &= begins - 1;
    };
    if (!in_word_) begin_next();
    for (; ends != 0; ends &= ends - 1) {
      const std::size_t end = at + static_cast<std::size_t>(std::countr_zero(ends));
      if (plain && end - begin_ <= kWordBytesMax)
        take_hash(begin_ + 8 <= text_.size() ? hash_at(begin_, end) : hash_of(text_.substr(begin_, end - begin_)));
      else if (!take_run(begin_, end))
        return false;
      begin_next();
    }
    in_word_ = words >> 63 != 0;
    last_core_ = here.core >> 63 != 0;
    last_apostrophe_ = here.apostrophes >> 63 != 0;
    high_in_word_ = in_word_ && (here.high != 0 || (high_in_word_ && words == ~std::uint64_t{0}));
    return true;
  }

  std::uint64_t hash_at(std::size_t begin, std::size_t end) const {
    std::uint64_t head = 0;
    std::memcpy(&head, text_.data() + begin, 8);
    return hash_of(head, end - begin);
  }

  /// Without a branch: which words are anchors cannot be foreseen.
  void take_hash(std::uint64_t hash) {
    hashes_[count_] = hash;
    found_[found_count_] = static_cast<std::uint16_t>(count_);
    found_count_ += filter_.is_anchor(hash) ? 1 : 0;
    ++count_;
  }

  /// What lies between two characters of ASCII that are no letters may be several words, or none. False: too many to take here.
  bool take_run(std::size_t begin, std::size_t end) {
    const std::string_view text = text_.substr(0, end);
    std::size_t skipped = begin;
    while (const auto word = next_word(text, begin, true, skipped)) {
      if (count_ + 1 >= kHashesMax && flush()) return false;
      const std::string_view bytes = text.substr(word->span.begin, word->span.size());
      take_hash(has_typographic_apostrophe(bytes) ? hash_of(plain_word(bytes)) : hash_of(bytes));
      begin = word->end;
    }
    return true;
  }

  /// True if an anchor stands beside the word that it stands beside in a phrase. Keeps the last two words, for what follows.
  bool flush() {
    const auto knows = [&](std::uint64_t key) {
      const auto& table = filter_.table_;
      std::size_t at = key >> 20 & (table.size() - 1);
      while (table[at] != 0 && table[at] != key) at = (at + 1) & (table.size() - 1);
      return table[at] == key;
    };
    const std::size_t last = count_ - 1;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < found_count_; ++i) {
      const std::size_t at = found_[i];
      const std::uint64_t hash = hashes_[at];
      if (knows(single_of(hash)) || (at > 0 && knows(pair_of(hashes_[at - 1], hash)))) return true;
      if (at < last && knows(pair_of(hash, hashes_[at + 1]))) return true;
      if (at == last) kept = 1;
    }
    if (count_ >= 2) {
      hashes_[0] = hashes_[count_ - 2];
      hashes_[1] = hashes_[count_ - 1];
      count_ = 2;
      found_[0] = 1;
      found_count_ = kept;
    }
    return false;
  }

  const Prefilter& filter_;
  const std::string_view text_;
  std::array<std::uint64_t, kHashesMax> hashes_;
  std::array<std::uint16_t, kHashesMax + 1> found_;
  std::size_t count_ = 0, found_count_ = 0;
  std::size_t begin_ = 0;
  bool in_word_ = false, last_core_ = false, last_apostrophe_ = false, high_in_word_ = false;
};

bool Prefilter::may_hold_any(std::string_view text) const { return !anchors_.empty() && PrefilterScan(*this, text).may_hold_any(); }

}  // namespace steward::filters
