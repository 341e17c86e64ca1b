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
/// Words of the text that are still known when the next ones are read.
constexpr std::size_t kWordsKept = 64;

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
inline Masks masks_of(const char* block) {
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
inline Masks masks_of(const char* block) {
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

inline Masks masks_at(std::string_view text, std::size_t at) {
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
  const auto count = static_cast<std::uint32_t>(words.size());
  is_long_ = is_long_ || count > kWordsKept;
  if (count == 1) {
    const std::uint64_t hash = hash_of(words[0]);
    mark(hash);
    return insert({single_of(hash), 0, 0});
  }
  std::uint32_t best = 0;
  const auto weight = [&](std::size_t i) {
    return std::max(rarity(words[i]), rarity(words[i + 1])) * 64 + words[i].size() + words[i + 1].size();
  };
  for (std::uint32_t i = 1; i + 1 < count; ++i)
    if (weight(i) > weight(best)) best = i;
  const std::uint64_t first = hash_of(words[best]), second = hash_of(words[best + 1]);
  mark(rarity(words[best]) > rarity(words[best + 1]) ? first : second);
  insert({pair_of(first, second), best, count - best - 1});
}

void Prefilter::insert(const Key& key) {
  if (keys_.size() < 4 * (key_count_ + 1)) {
    std::vector<Key> old(std::max<std::size_t>(64, 2 * keys_.size()));
    std::swap(old, keys_);
    key_count_ = 0;
    for (const Key& known : old)
      if (known.hash != 0) insert(known);
  }
  std::size_t at = key.hash >> 20 & (keys_.size() - 1);
  while (keys_[at].hash != 0 && keys_[at].hash != key.hash) at = (at + 1) & (keys_.size() - 1);
  key_count_ += keys_[at].hash == 0 ? 1 : 0;
  keys_[at] = {key.hash, std::max(keys_[at].before, key.before), std::max(keys_[at].behind, key.behind)};
}

const Prefilter::Key* Prefilter::find(std::uint64_t hash) const {
  std::size_t at = hash >> 20 & (keys_.size() - 1);
  while (keys_[at].hash != 0 && keys_[at].hash != hash) at = (at + 1) & (keys_.size() - 1);
  return keys_[at].hash == hash ? &keys_[at] : nullptr;
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

  std::vector<Prefilter::Window> windows() {
    Masks here = masks_at(text_, 0);
    for (std::size_t at = 0; at < text_.size() + 1; at += kBlock) {
      const Masks next = masks_at(text_, at + kBlock);
      if (!take_block(at, here, next)) return {{0, 0, UINT32_MAX}};
      if (count_ > kWordsMax - kBlock) flush();
      here = next;
    }
    take_hash(0, text_.size());  // no word follows
    flush();
    return std::move(windows_);
  }

 private:
  static constexpr std::size_t kWordsMax = 512;

  /// False if the block is written so oddly that only a slow reading can tell.
  bool take_block(std::size_t at, const Masks& here, const Masks& next) {
    if ((here.apostrophes & (here.apostrophes << 1 | (last_apostrophe_ ? 1 : 0))) != 0) return false;
    const std::uint64_t core_before = here.core << 1 | (last_core_ ? 1 : 0);
    const std::uint64_t core_behind = here.core >> 1 | next.core << 63;
    const std::uint64_t words = here.core | (here.apostrophes & core_before & core_behind);
    const std::uint64_t before = words << 1 | (in_word_ ? 1 : 0);
    const std::uint64_t begins = words & ~before, ends = ~words & before;
    const bool is_short = !in_word_ || at - begin_ <= kWordBytesMax - kBlock;  // the word under way, whose rest this block may hold
    is_plain_ = (here.high | (high_in_word_ ? 1 : 0)) == 0 && is_short;
    if (is_plain_ && at + kBlock + 8 <= text_.size())
      take_plain_words(at, begins, ends);
    else
      take_words(at, begins, ends);
    in_word_ = words >> 63 != 0;
    last_core_ = here.core >> 63 != 0;
    last_apostrophe_ = here.apostrophes >> 63 != 0;
    high_in_word_ = in_word_ && (here.high != 0 || (high_in_word_ && words == ~std::uint64_t{0}));
    return true;
  }

  /// Short words of ASCII, eight bytes behind each of which belong to the text: nearly all. The state stays in registers.
  void take_plain_words(std::size_t at, std::uint64_t begins, std::uint64_t ends) {
    const char* const text = text_.data();
    const std::uint64_t* const bits = filter_.bits_.data();
    const int shift = filter_.shift_;
    std::size_t begin = begin_, count = count_, anchors = anchor_count_;
    const auto begin_next = [&] {
      begin = at + static_cast<std::size_t>(std::countr_zero(begins));
      begins &= begins - 1;
    };
    if (!in_word_) begin_next();
    for (; ends != 0; ends &= ends - 1) {
      const std::size_t end = at + static_cast<std::size_t>(std::countr_zero(ends));
      std::uint64_t head = 0;
      std::memcpy(&head, text + begin, 8);
      const std::uint64_t hash = hash_of(head, end - begin);
      hashes_[count] = hash;
      begins_[count] = static_cast<std::uint32_t>(begin);
      anchors_[anchors] = static_cast<std::uint16_t>(count);
      const std::uint64_t wanted = bloom_bits(hash);
      anchors += (bits[hash >> shift] & wanted) == wanted ? 1 : 0;
      ++count;
      begin_next();
    }
    begin_ = begin;
    count_ = count;
    anchor_count_ = anchors;
  }

  void take_words(std::size_t at, std::uint64_t begins, std::uint64_t ends) {
    const auto begin_next = [&] {
      begin_ = at + static_cast<std::size_t>(std::countr_zero(begins));
      begins &= begins - 1;
    };
    if (!in_word_) begin_next();
    for (; ends != 0; ends &= ends - 1) {
      const std::size_t end = at + static_cast<std::size_t>(std::countr_zero(ends));
      if (is_plain_)
        take_hash(hash_of(text_.substr(begin_, end - begin_)), begin_);
      else
        take_run(begin_, end);
      begin_next();
    }
  }

  void take_hash(std::uint64_t hash, std::size_t begin) {
    hashes_[count_] = hash;
    begins_[count_] = static_cast<std::uint32_t>(begin);
    anchors_[anchor_count_] = static_cast<std::uint16_t>(count_);
    anchor_count_ += filter_.is_anchor(hash) ? 1 : 0;
    ++count_;
  }

  /// What lies between two characters of ASCII that are no letters may be several words, or none.
  void take_run(std::size_t begin, std::size_t end) {
    const std::string_view text = text_.substr(0, end);
    std::size_t skipped = begin;
    while (const auto word = next_word(text, begin, true, skipped)) {
      if (count_ + 1 >= kWordsMax) flush();
      const std::string_view bytes = text.substr(word->span.begin, word->span.size());
      take_hash(has_typographic_apostrophe(bytes) ? hash_of(plain_word(bytes)) : hash_of(bytes), word->span.begin);
      begin = word->end;
    }
  }

  /// Makes windows where an anchor stands beside the word that it stands beside in a phrase, but for the last word, whose next is not
  /// known. Keeps some words before it, where windows may begin.
  void flush() {
    const std::size_t last = count_ - 1;
    std::size_t kept = 0;
    const std::size_t dropped = count_ > kWordsKept ? count_ - kWordsKept : 0;
    for (std::size_t i = 0; i < anchor_count_; ++i) {
      const std::size_t at = anchors_[i];
      if (at == last) {
        anchors_[kept++] = static_cast<std::uint16_t>(at - dropped);
        continue;
      }
      add_window(at, filter_.find(single_of(hashes_[at])));
      if (at > 0) add_window(at - 1, filter_.find(pair_of(hashes_[at - 1], hashes_[at])));
      add_window(at, filter_.find(pair_of(hashes_[at], hashes_[at + 1])));
    }
    anchor_count_ = kept;
    std::copy(hashes_.begin() + static_cast<std::ptrdiff_t>(dropped), hashes_.begin() + static_cast<std::ptrdiff_t>(count_),
              hashes_.begin());
    std::copy(begins_.begin() + static_cast<std::ptrdiff_t>(dropped), begins_.begin() + static_cast<std::ptrdiff_t>(count_),
              begins_.begin());
    count_ -= dropped;
    words_dropped_ += dropped;
  }

  /// `at`: the first word of the key.
  void add_window(std::size_t at, const Prefilter::Key* key) {
    if (!key) return;
    const std::size_t from = at - std::min<std::size_t>(at, key->before);
    Prefilter::Window window{begins_[from], static_cast<std::uint32_t>(words_dropped_ + from),
                             static_cast<std::uint32_t>(words_dropped_ + at + key->behind)};
    while (!windows_.empty() && windows_.back().last >= window.first) {
      if (windows_.back().first < window.first) window.begin = windows_.back().begin, window.first = windows_.back().first;
      window.last = std::max(window.last, windows_.back().last);
      windows_.pop_back();
    }
    windows_.push_back(window);
  }

  const Prefilter& filter_;
  const std::string_view text_;
  std::array<std::uint64_t, kWordsMax> hashes_;
  std::array<std::uint32_t, kWordsMax> begins_;
  std::array<std::uint16_t, kWordsMax + 1> anchors_;
  std::size_t count_ = 0, anchor_count_ = 0;
  std::size_t words_dropped_ = 0;
  std::vector<Prefilter::Window> windows_;
  std::size_t begin_ = 0;
  bool is_plain_ = false;  ///< the block under way holds short words of ASCII only
  bool in_word_ = false, last_core_ = false, last_apostrophe_ = false, high_in_word_ = false;
};

std::vector<Prefilter::Window> Prefilter::windows(std::string_view text) const {
  if (anchors_.empty()) return {};
  if (is_long_ || text.size() > UINT32_MAX) return {{0, 0, UINT32_MAX}};
  return PrefilterScan(*this, text).windows();
}

}  // namespace steward::filters
