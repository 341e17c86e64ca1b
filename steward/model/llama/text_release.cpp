#include "steward/model/llama/text_release.h"

#include <algorithm>

#include "steward/text/view.h"

namespace steward::model {
namespace {

/// Bytes at the end of `text` that are the beginning of a character.
std::size_t unfinished_bytes(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

std::string well_formed(std::string text) {
  while (const auto bad = text::find_invalid_utf8(text)) text.replace(*bad, 1, "\xEF\xBF\xBD");
  return text;
}

}  // namespace

TextRelease::TextRelease(std::vector<std::string> stops) : stops_(std::move(stops)) {
  std::erase_if(stops_, [](const std::string& stop) { return stop.empty(); });
}

std::size_t TextRelease::releasable() const {
  std::size_t end = held_.size() - unfinished_bytes(held_);
  for (const std::string& stop : stops_) {
    for (std::size_t begin = held_.size() >= stop.size() ? held_.size() - stop.size() + 1 : 0; begin < end; ++begin) {
      if (std::string_view(stop).starts_with(std::string_view(held_).substr(begin))) end = begin;
    }
  }
  return end;
}

TextRelease::Out TextRelease::release(std::size_t end) {
  Out out;
  out.text = well_formed(held_.substr(0, end));
  held_.erase(0, end);
  held_begin_ += end;
  std::size_t taken = 0;
  while (taken < tokens_.size() && (tokens_[taken].first < held_begin_ || held_.empty()))
    out.tokens.push_back(std::move(tokens_[taken++].second));
  tokens_.erase(tokens_.begin(), tokens_.begin() + static_cast<std::ptrdiff_t>(taken));
  return out;
}

TextRelease::Out TextRelease::push(std::string_view piece, TokenLogprob token) {
  tokens_.emplace_back(held_begin_ + held_.size(), std::move(token));
  held_ += piece;
  std::size_t stop_at = std::string::npos;
  for (const std::string& stop : stops_) stop_at = std::min(stop_at, held_.find(stop));
  if (stop_at == std::string::npos) return release(releasable());
  held_.resize(stop_at);
  const std::size_t end = held_begin_ + stop_at;
  std::erase_if(tokens_, [end](const auto& entry) { return entry.first >= end; });
  Out out = release(stop_at);
  out.stopped = true;
  return out;
}

TextRelease::Out TextRelease::finish() { return release(held_.size()); }

}  // namespace steward::model
