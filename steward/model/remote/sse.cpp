#include "steward/model/remote/sse.h"

#include <algorithm>

namespace steward::model {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// The first CR or LF from `from` on; two searches for one byte are faster than one for two.
std::size_t find_line_end(std::string_view text, std::size_t from) {
  const std::size_t lf = text.find('\n', from);
  const std::size_t cr = text.substr(0, lf).find('\r', from);
  return cr != std::string_view::npos ? cr : lf;
}

}  // namespace

void SseReader::push(std::string_view bytes) {
  if (at_ > 0) {
    input_.erase(0, at_);
    scanned_ -= at_;
    at_ = 0;
  }
  input_ += bytes;
}

std::optional<std::string_view> SseReader::next_line() {
  if (!begun_) {
    const std::string_view front = std::string_view(input_).substr(0, kByteOrderMark.size());
    if (front.size() < kByteOrderMark.size() && kByteOrderMark.starts_with(front)) return std::nullopt;
    begun_ = true;
    if (front == kByteOrderMark) at_ = scanned_ = kByteOrderMark.size();
  }
  if (skip_lf_ && at_ < input_.size()) {
    if (input_[at_] == '\n') ++at_;
    skip_lf_ = false;
  }
  const std::size_t end = find_line_end(input_, std::max(at_, scanned_));
  if (end == std::string_view::npos) {
    scanned_ = input_.size();
    if (input_.size() - at_ > event_bytes_max_) too_long_ = true;
    return std::nullopt;
  }
  const std::string_view line = std::string_view(input_).substr(at_, end - at_);
  skip_lf_ = input_[end] == '\r';
  at_ = scanned_ = end + 1;
  return line;
}

void SseReader::take_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") {
    name_ = value;
  } else if (field == "data") {
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
    if (data_.size() > event_bytes_max_) too_long_ = true;
  }
}

std::optional<SseReader::Event> SseReader::next() {
  if (given_) {
    name_.clear();
    data_.clear();
    has_data_ = given_ = false;
  }
  while (!too_long_) {
    const auto line = next_line();
    if (!line) return std::nullopt;
    if (!line->empty()) {
      take_field(*line);
    } else if (has_data_) {
      given_ = true;
      return Event{name_, data_};
    } else {
      name_.clear();
    }
  }
  return std::nullopt;
}

}  // namespace steward::model
