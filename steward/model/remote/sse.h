#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace steward::model {

/// Cuts server-sent events (WHATWG HTML, section 9.2.6) out of bytes that come in any pieces. Comments, ids and retry times are skipped.
class SseReader {
 public:
  struct Event {
    std::string_view name;  ///< of `event:`; empty if there was none
    std::string_view data;  ///< lines joined by LF
  };

  explicit SseReader(std::size_t event_bytes_max) : event_bytes_max_(event_bytes_max) {}
  void push(std::string_view bytes);
  /// The next whole event; its views are good until the next call. Events without data are skipped.
  std::optional<Event> next();
  /// An event is longer than allowed: nothing more comes.
  bool too_long() const { return too_long_; }

 private:
  std::optional<std::string_view> next_line();
  void take_field(std::string_view line);

  const std::size_t event_bytes_max_;
  std::string input_;
  std::size_t at_ = 0;       ///< input_ before it has been read
  std::size_t scanned_ = 0;  ///< input_ before it holds no end of the line at at_
  bool begun_ = false;       ///< a byte order mark can no longer come
  bool skip_lf_ = false;     ///< the line before ended in CR
  bool given_ = false;       ///< name_ and data_ are those of the event given last
  bool has_data_ = false;
  bool too_long_ = false;
  std::string name_, data_;
};

}  // namespace steward::model
