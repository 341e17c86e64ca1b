#include "steward/filters/leak/instructions.h"

#include <algorithm>

#include "steward/text/encodings.h"
#include "steward/text/view.h"
#include "steward/text/words.h"

namespace steward::filters::leak {
namespace {

constexpr std::size_t kWordsMax = 8192;
constexpr std::size_t kWordBytesMax = 64;

/// The word at or behind `at`, empty if there is none or it is not complete; `at` is then where to go on.
text::Span next_word(std::string_view text, std::size_t& at, bool finished) {
  while (at < text.size()) {
    std::size_t end = at;
    const char32_t first = text::next_char(text, end);
    if (!text::is_word_char(first)) {
      at = end;
      continue;
    }
    if (text::is_unspaced_char(first)) return {at, end};
    bool complete = finished;
    while (end < text.size()) {
      std::size_t next = end;
      const char32_t c = text::next_char(text, next);
      if (!text::is_word_char(c) || text::is_unspaced_char(c) || end - at >= kWordBytesMax) {
        complete = true;
        break;
      }
      end = next;
    }
    return complete ? text::Span{at, end} : text::Span{at, at};
  }
  return {at, at};
}

std::vector<std::string> words_of(std::string_view text) {
  const std::string skeleton = text::skeleton_text(text);
  std::vector<std::string> out;
  std::size_t at = 0;
  for (text::Span word = next_word(skeleton, at, true); !word.empty() && out.size() < kWordsMax; word = next_word(skeleton, at, true)) {
    out.push_back(skeleton.substr(word.begin, word.size()));
    at = word.end;
  }
  return out;
}

}  // namespace

Instructions::Instructions(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    add(words_of(text));
    add(words_of(text::rot13(text)));
    add(words_of(text::reversed(text).text()));
  }
}

void Instructions::add(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    const auto id = ids_.emplace(word, static_cast<std::uint32_t>(ids_.size() + 1)).first->second;
    places_[id].push_back(static_cast<std::uint32_t>(words_.size()));
    words_.push_back(id);
  }
  words_.push_back(0);
}

void InstructionsCursor::advance(const Source& skeleton, std::vector<Piece>& out) {
  const std::string_view text = skeleton.text();
  for (text::Span word = next_word(text, at_, skeleton.finished()); !word.empty(); word = next_word(text, at_, skeleton.finished())) {
    take(text.substr(word.begin, word.size()), word, out);
    at_ = last_end_ = word.end;
  }
  if (skeleton.finished()) runs_.clear();
}

void InstructionsCursor::take(std::string_view word, text::Span span, std::vector<Piece>& out) {
  const auto known = instructions_.ids_.find(std::string(word));
  if (known == instructions_.ids_.end()) return runs_.clear();
  const std::uint32_t id = known->second;
  std::vector<Run> next;
  std::size_t longest = 0, begin = span.begin;
  for (const Run& run : runs_) {
    if (instructions_.words_[run.at + 1] != id) continue;
    next.push_back({run.at + 1, run.words + 1, run.begin});
    if (run.words + 1 > longest) longest = run.words + 1, begin = run.begin;
  }
  for (const std::uint32_t place : instructions_.places_.at(id)) {
    const bool goes_on = std::any_of(next.begin(), next.end(), [&](const Run& run) { return run.at == place; });
    if (!goes_on) next.push_back({place, 1, span.begin});
  }
  runs_ = std::move(next);
  if (longest == words_min_) out.push_back({{begin, span.end}, false});
  if (longest > words_min_) out.push_back({{last_end_, span.end}, true});
  // What was reported is no longer waited for.
  for (Run& run : runs_)
    if (run.words >= words_min_) run.begin = span.end;
}

std::size_t InstructionsCursor::live_from() const {
  std::size_t from = at_;
  for (const Run& run : runs_) from = std::min(from, run.begin);
  return from;
}

}  // namespace steward::filters::leak
