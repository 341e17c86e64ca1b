#include "steward/app/traffic.h"

#include <string_view>
#include <unordered_set>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/core/json.h"
#include "steward/core/utf8.h"
#include "steward/guard/turn_language.h"

namespace steward::app {
namespace {

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

Result<std::string> content_of(const json::Object& message) {
  const json::Value* content = message.if_contains("content");
  if (content && content->is_string()) return std::string(content->as_string());
  std::string out;
  if (content && content->is_array()) {
    for (const json::Value& part : content->as_array()) {
      if (!part.is_object()) continue;
      if (const auto text = TRY(json::get_string(part.as_object(), "text"))) out += (out.empty() ? "" : "\n") + *text;
    }
  }
  if (out.empty()) return fail(ErrorCode::kInvalidInput, "the last message of the user has no text in 'content'");
  return out;
}

Result<std::string> text_of(const json::Object& row) {
  if (const auto text = TRY(json::get_string(row, "text"))) return *text;
  const json::Array* messages = TRY(json::get_array(row, "messages"));
  if (!messages) return fail(ErrorCode::kInvalidInput, "it has neither 'text' nor 'messages'");
  for (std::size_t i = messages->size(); i-- > 0;) {
    if (!(*messages)[i].is_object()) return fail(ErrorCode::kInvalidInput, "'messages' must hold objects");
    const json::Object& message = (*messages)[i].as_object();
    if (TRY(json::get_string(message, "role")) == "user") return content_of(message);
  }
  return fail(ErrorCode::kInvalidInput, "no message has the role user");
}

Result<std::string> read_line(std::string_view line, bool is_json) {
  if (line.size() > kTrafficLineBytesMax)
    return fail(ErrorCode::kTooLarge, fmt::format("the line is longer than {} bytes", kTrafficLineBytesMax));
  if (!is_json) {
    if (find_invalid_utf8(line)) return fail(ErrorCode::kInvalidInput, "it is not UTF-8");
    return std::string(line);
  }
  const json::Value value = TRY(json::parse(line));
  if (!value.is_object()) return fail(ErrorCode::kInvalidInput, "it is no JSON object");
  return text_of(value.as_object());
}

}  // namespace

Result<Traffic> read_traffic(const std::string& path) {
  const std::string file = TRY(read_file(path));
  Traffic out;
  std::unordered_set<std::string> seen;
  std::size_t number = 0;
  for (std::size_t at = 0; at < file.size();) {
    const std::size_t end = std::min(file.find('\n', at), file.size());
    std::string_view line = std::string_view(file).substr(at, end - at);
    at = end + 1;
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (is_blank(line)) continue;
    auto text = read_line(line, path.ends_with(".jsonl"));
    if (text && is_blank(*text)) text = fail(ErrorCode::kInvalidInput, "its text is empty");
    if (!text) {
      out.bad.push_back(fmt::format("{}:{}: {}", path, number, text.error().message));
    } else if (!seen.insert(*text).second) {
      ++out.repeated;
    } else {
      std::string language = guard::language_of(*text);
      out.texts.push_back({*std::move(text), std::move(language)});
    }
  }
  if (out.texts.empty())
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} has no text{}: write a JSON object with 'text' or 'messages' a line (*.jsonl), or a text a line", path,
                            out.bad.empty() ? "" : "; the first line that is none is " + out.bad.front()));
  return out;
}

}  // namespace steward::app
