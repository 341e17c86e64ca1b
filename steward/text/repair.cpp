#include <algorithm>
#include <map>
#include <utility>

#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include "steward/text/normalizer.h"
#include "steward/text/words.h"

namespace steward::text {
namespace {

bool is_ascii_letter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// The Latin letter that a character beyond ASCII passes for, or 0.
char latin_twin(char32_t c) {
  const char* prototype = c < 0x80 ? nullptr : confusable(c);
  if (!prototype) return 0;
  const std::string_view bytes(prototype);
  if (bytes == "rn") return 'm';
  if (bytes.size() != 1 || !is_ascii_letter(static_cast<unsigned char>(bytes[0]))) return 0;
  return static_cast<char>(bytes[0] | 0x20);
}

int script_of(char32_t c) {
  UErrorCode status = U_ZERO_ERROR;
  return uscript_getScript(static_cast<UChar32>(c), &status);
}

/// Scripts that the text is really written in: those with a letter that passes for no Latin one.
class Scripts {
 public:
  explicit Scripts(std::string_view folded) {
    for (std::size_t at = 0; at < folded.size();) {
      const char32_t c = next_char(folded, at);
      if (c >= 0x80 && u_isalpha(static_cast<UChar32>(c)) && latin_twin(c) == 0) genuine_[script_of(c)] = true;
    }
  }
  bool has(char32_t c) const {
    const int script = script_of(c);
    return script != USCRIPT_LATIN && genuine_.contains(script);
  }

 private:
  std::map<int, bool> genuine_;
};

struct Run {
  std::size_t begin = 0;
  std::size_t end = 0;
  int letters = 0;  ///< of any script
  int ascii_letters = 0;
  int inner_leet = 0;     ///< leet characters with a letter somewhere behind them
  bool only_leet = true;  ///< digits that stand for letters, and nothing else
};

/// How much of a text is written in leet: where many words are, also those are that alone would pass for numbers.
enum class LeetShare { kSome, kMany, kMost };

class Repair {
 public:
  explicit Repair(const MappedText& folded) : folded_(folded), text_(folded.text()), scripts_(text_) {}

  MappedText run() {
    out_.reserve(text_.size());
    share_ = leet_share();
    for (std::size_t at = 0; at < text_.size();) {
      const Run run = run_at(at);
      for (std::size_t from = run.begin; from < run.end;) from = put(run, from);
      at = run.end;
    }
    return std::move(out_);
  }

 private:
  LeetShare leet_share() const {
    constexpr int kWordsMin = 3;
    int words = 0, disguised = 0;
    for (std::size_t at = 0; at < text_.size();) {
      const Run run = run_at(at);
      at = run.end;
      words += run.letters > 0 ? 1 : 0;
      disguised += run.letters > 0 && run.inner_leet > 0 ? 1 : 0;
    }
    if (disguised < kWordsMin || 5 * disguised < words) return LeetShare::kSome;
    return 3 * disguised < words ? LeetShare::kMany : LeetShare::kMost;
  }

  /// Word characters, leet signs and marks in a row, or one other character.
  Run run_at(std::size_t begin) const {
    Run run{begin, begin};
    int leet_before = 0;
    while (run.end < text_.size()) {
      std::size_t next = run.end;
      const char32_t c = next_char(text_, next);
      if (!is_word_char(c) && leet(c) == 0 && !is_mark(c)) {
        if (run.end == begin) run.end = next;
        break;
      }
      if (u_isalpha(static_cast<UChar32>(c))) {
        ++run.letters;
        run.ascii_letters += is_ascii_letter(c) ? 1 : 0;
        run.inner_leet += std::exchange(leet_before, 0);
      } else if (leet(c) != 0) {
        ++leet_before;
      }
      run.only_leet = run.only_leet && leet(c) != 0 && !stands_inside_only(c);
      run.end = next;
    }
    return run;
  }

  /// A digit stands for a letter if letters follow it, or if others of its word do: "m4k3", but not "mp3" and "gpt4". Among many such words
  /// any digit in a word does ("mo5t"), and where most are, also a number of one or two digits ("70 u5e 17").
  bool is_leet(const Run& run, char32_t c, std::size_t end) const {
    constexpr std::size_t kNumberMax = 2;
    if (leet(c) == 0) return false;
    if (share_ != LeetShare::kSome && run.letters > 0 && !stands_inside_only(c)) return true;
    if (share_ == LeetShare::kMost && run.only_leet) return run.end - run.begin <= kNumberMax;
    if (run.letters < 2 || run.letters <= run.inner_leet) return false;
    const std::string_view rest = text_.substr(end, run.end - end);
    const bool letters_follow =
        std::any_of(rest.begin(), rest.end(), [](char byte) { return u_isalpha(static_cast<UChar32>(byte & 0x7F)) || byte < 0; });
    return letters_follow || (run.inner_leet > 0 && !stands_inside_only(c));
  }

  /// Puts the character at `from` and the marks on it; returns where it ends.
  std::size_t put(const Run& run, std::size_t from) {
    std::size_t end = from;
    const char32_t c = next_char(text_, end);
    std::size_t marks_end = end;
    while (marks_end < run.end) {
      std::size_t next = marks_end;
      if (!is_mark(next_char(text_, next))) break;
      marks_end = next;
    }
    const Span source = folded_.source_of(from, marks_end - from);
    if (marks_end > end && is_alphabetic_script(c)) {
      out_.put(strip_accents(c), source.begin, source.end);
      return marks_end;
    }
    char letter = is_leet(run, c, end) ? leet(c) : 0;
    if (letter == 0 && u_isalpha(static_cast<UChar32>(c)) && (run.ascii_letters > 0 || !scripts_.has(c))) letter = latin_twin(c);
    if (letter != 0)
      out_.put(std::string_view(&letter, 1), source.begin, folded_.source_of(from, end - from).end);
    else
      out_.put_like(text_.substr(from, end - from), folded_, from);
    return end;
  }

  const MappedText& folded_;
  const std::string_view text_;
  const Scripts scripts_;
  LeetShare share_ = LeetShare::kSome;
  MappedText out_;
};

/// True for text in which nothing can be disguised: most of all text.
bool is_plain(std::string_view folded) {
  return std::all_of(folded.begin(), folded.end(), [](char c) { return c >= 0 && leet(static_cast<unsigned char>(c)) == 0; });
}

}  // namespace

MappedText repair(const MappedText& folded) {
  if (is_plain(folded.text())) return folded;
  return Repair(folded).run();
}

}  // namespace steward::text
