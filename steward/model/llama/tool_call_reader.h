#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "steward/core/random.h"
#include "steward/model/language_model.h"

namespace steward::model {

/// How a call stands in a reply: the form of Hermes and Qwen, `<tool_call>{"name": …, "arguments": {…}}</tool_call>`.
inline constexpr std::string_view kToolCallBegin = "<tool_call>";
inline constexpr std::string_view kToolCallEnd = "</tool_call>";

/// Splits a reply into text and whole calls. Text is given out as soon as it cannot be the beginning of a call; what turns out to be no
/// call (not JSON, another function, cut off) is given back as text, so that nothing is lost. The result does not depend on how the reply
/// was cut.
class ToolCallReader {
 public:
  /// names: functions that may be called. seed: of the calls' ids.
  ToolCallReader(std::set<std::string> names, std::uint64_t seed);

  struct Event {
    enum class Kind { kText, kCall };
    Kind kind = Kind::kText;
    std::string text;
    ToolCall call;
  };
  std::vector<Event> push(std::string_view piece);
  /// The reply ended: what is held is text.
  std::vector<Event> finish();
  int calls() const { return calls_; }

 private:
  void read(std::vector<Event>& out);
  void read_text(std::vector<Event>& out);
  bool read_call(std::vector<Event>& out);
  void give_back(std::vector<Event>& out);
  void give_text(std::size_t bytes, std::vector<Event>& out);
  Result<ToolCall> parse(std::string_view body);

  const std::set<std::string> names_;
  Random ids_;
  std::string held_;
  bool inside_ = false;      ///< held_ begins with the marker of a call
  std::size_t scanned_ = 0;  ///< inside: how far held_ was searched for the end
  bool in_string_ = false;   ///< inside: is that place in a JSON string?
  bool after_call_ = false;  ///< white space that follows is no text
  int calls_ = 0;
};

}  // namespace steward::model
