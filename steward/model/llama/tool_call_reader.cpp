#include "steward/model/llama/tool_call_reader.h"

#include <algorithm>

namespace steward::model {
namespace {

constexpr std::size_t kCallBytesMax = 256u << 10;
constexpr char kIdLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr int kIdLength = 24;
constexpr std::string_view kSpace = " \t\r\n";

/// Bytes at the end of `text` that may be the beginning of `marker`.
std::size_t possible_marker(std::string_view text, std::string_view marker) {
  for (std::size_t length = std::min(text.size(), marker.size() - 1); length > 0; --length)
    if (text.ends_with(marker.substr(0, length))) return length;
  return 0;
}

/// Where the JSON value that begins at `at` ends. `text` is valid JSON.
std::size_t value_end(std::string_view text, std::size_t at) {
  int depth = 0;
  bool in_string = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      if (c == '\\') ++at;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (depth == 0 && (c == ',' || c == '}')) {
      return at;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return at;
}

/// The text of the member `key` of the object `text`, which is valid JSON.
std::string_view member_text(std::string_view text, std::string_view key) {
  std::size_t at = text.find('{') + 1;
  while (at < text.size()) {
    const std::size_t name = text.find('"', at);
    if (name == std::string_view::npos) break;
    std::size_t colon = name + 1;
    while (text[colon] != '"') colon += text[colon] == '\\' ? 2 : 1;
    const std::string_view found = text.substr(name + 1, colon - name - 1);
    const std::size_t begin = text.find(':', colon) + 1;
    const std::size_t end = value_end(text, begin);
    if (found == key) {
      const std::string_view value = text.substr(begin, end - begin);
      const std::size_t first = value.find_first_not_of(kSpace);
      return value.substr(first, value.find_last_not_of(kSpace) - first + 1);
    }
    at = end + 1;
  }
  return {};
}

}  // namespace

ToolCallReader::ToolCallReader(std::set<std::string> names, std::uint64_t seed) : names_(std::move(names)), ids_(seed) {}

void ToolCallReader::give_text(std::size_t bytes, std::vector<Event>& out) {
  std::string text = held_.substr(0, bytes);
  held_.erase(0, bytes);
  if (after_call_) {
    text.erase(0, std::min(text.find_first_not_of(kSpace), text.size()));
    after_call_ = text.empty();
  }
  if (text.empty()) return;
  if (!out.empty() && out.back().kind == Event::Kind::kText) {
    out.back().text += text;
  } else {
    out.push_back({Event::Kind::kText, std::move(text), {}});
  }
}

void ToolCallReader::read_text(std::vector<Event>& out) {
  const auto begin = held_.find(kToolCallBegin);
  if (begin == std::string::npos) return give_text(held_.size() - possible_marker(held_, kToolCallBegin), out);
  give_text(begin, out);
  inside_ = true;
  in_string_ = false;
  scanned_ = kToolCallBegin.size();
}

/// The marker was none: it is text, and what follows is read again.
void ToolCallReader::give_back(std::vector<Event>& out) {
  inside_ = false;
  give_text(kToolCallBegin.size(), out);
}

/// False: the end has not come yet.
bool ToolCallReader::read_call(std::vector<Event>& out) {
  for (; scanned_ < held_.size(); ++scanned_) {
    if (scanned_ >= kCallBytesMax) break;
    const char c = held_[scanned_];
    if (in_string_) {
      if (c == '\\' && scanned_ + 1 == held_.size()) return false;
      if (c == '\\') ++scanned_;
      if (c == '"') in_string_ = false;
      continue;
    }
    if (c == '"') in_string_ = true;
    if (c != '<') continue;
    const std::string_view rest = std::string_view(held_).substr(scanned_);
    if (rest.size() < kToolCallEnd.size() && kToolCallEnd.starts_with(rest)) return false;
    if (!rest.starts_with(kToolCallEnd)) continue;
    auto call = parse(std::string_view(held_).substr(kToolCallBegin.size(), scanned_ - kToolCallBegin.size()));
    if (!call) {
      give_back(out);
      return true;
    }
    held_.erase(0, scanned_ + kToolCallEnd.size());
    inside_ = false;
    ++calls_;
    after_call_ = true;
    out.push_back({Event::Kind::kCall, {}, std::move(*call)});
    return true;
  }
  if (scanned_ < kCallBytesMax) return false;
  give_back(out);
  return true;
}

Result<ToolCall> ToolCallReader::parse(std::string_view body) {
  const auto value = TRY(json::parse(body));
  const auto no_call = [] { return fail(ErrorCode::kInvalidInput, "no call of a function that was offered"); };
  const json::Object* object = value.if_object();
  if (!object) return no_call();
  const json::Value* name = object->if_contains("name");
  const json::Value* arguments = object->if_contains("arguments");
  if (!name || !name->is_string() || !names_.contains(std::string(name->get_string())) || !arguments) return no_call();
  ToolCall call;
  call.name = std::string(name->get_string());
  if (arguments->is_object()) {
    call.arguments = std::string(member_text(body, "arguments"));
  } else if (arguments->is_string()) {  // some models write the arguments as a text that holds JSON
    call.arguments = std::string(arguments->get_string());
    const auto inner = TRY(json::parse(call.arguments));
    if (!inner.is_object()) return no_call();
  } else {
    return no_call();
  }
  if (call.arguments.empty()) return no_call();  // its key was written with escapes
  call.id = "call_";
  for (int i = 0; i < kIdLength; ++i) call.id += kIdLetters[ids_.below(sizeof kIdLetters - 1)];
  return call;
}

void ToolCallReader::read(std::vector<Event>& out) {
  for (;;) {
    if (inside_) {
      if (!read_call(out)) return;
    } else {
      read_text(out);
      if (!inside_) return;
    }
  }
}

std::vector<ToolCallReader::Event> ToolCallReader::push(std::string_view piece) {
  std::vector<Event> out;
  held_ += piece;
  read(out);
  return out;
}

std::vector<ToolCallReader::Event> ToolCallReader::finish() {
  std::vector<Event> out;
  while (inside_) {
    give_back(out);
    read(out);
  }
  give_text(held_.size(), out);
  return out;
}

}  // namespace steward::model
