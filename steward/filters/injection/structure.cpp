#include "steward/filters/injection/structure.h"

#include <algorithm>
#include <array>

namespace steward::filters {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_alnum(char c) { return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

/// `wanted` is in lower case.
bool starts_with(std::string_view text, std::size_t at, std::string_view wanted) {
  if (at > text.size() || text.size() - at < wanted.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (lower(text[at + i]) != wanted[i]) return false;
  return true;
}

constexpr std::string_view kTokens[] = {
    "<|im_start|>",        "<|im_end|>",        "<|system|>", "<|user|>",        "<|assistant|>", "<|endoftext|>", "<|eot_id|>",
    "<|start_header_id|>", "<|begin_of_text|>", "<|end|>",    "<start_of_turn>", "<<sys>>",       "[inst]",        "[/inst]"};
constexpr std::string_view kTags[] = {"<system>",      "</system>",       "[system]",   "[/system]",       "<admin>",
                                      "<assistant>",   "</user>",         "</prompt>",  "[system_prompt]", "###(system",
                                      "<information>", "<system_prompt>", "[admin]",    "<instructions>",  "</instructions>",
                                      "[end of",       "</document>",     "</context>", "<important>",     "[system ",
                                      "--- end",       "---end",          "=== end",    "###end",          "### end"};

enum class Speaker { kNone, kUser, kAssistant, kSystem };

/// Who speaks in the line at `at`, by its header.
Speaker speaker_at(std::string_view raw, std::size_t at) {
  while (at < raw.size() && (raw[at] == ' ' || raw[at] == '#' || raw[at] == '*' || raw[at] == '<' || raw[at] == '[')) ++at;
  constexpr std::pair<std::string_view, Speaker> kNames[] = {
      {"user", Speaker::kUser},    {"human", Speaker::kUser},        {"q", Speaker::kUser},        {"assistant", Speaker::kAssistant},
      {"ai", Speaker::kAssistant}, {"chatgpt", Speaker::kAssistant}, {"gpt", Speaker::kAssistant}, {"bot", Speaker::kAssistant},
      {"a", Speaker::kAssistant},  {"system", Speaker::kSystem}};
  for (const auto& [name, speaker] : kNames) {
    if (!starts_with(raw, at, name)) continue;
    std::size_t end = at + name.size();
    while (end < raw.size() && (raw[end] == ' ' || raw[end] == '*' || raw[end] == ']' || raw[end] == '>')) ++end;
    if (end < raw.size() && raw[end] == ':') return speaker;
  }
  return Speaker::kNone;
}

/// Names given to strings: x = "…". Then how often two of them are joined: x + y.
bool joins_variables(std::string_view raw) {
  if (raw.find('=') == std::string_view::npos || raw.find('+') == std::string_view::npos) return false;
  std::vector<std::string_view> names;
  for (std::size_t at = raw.find('='); at != std::string_view::npos; at = raw.find('=', at + 1)) {
    std::size_t end = at, value = at + 1;
    while (end > 0 && raw[end - 1] == ' ') --end;
    std::size_t begin = end;
    while (begin > 0 && end - begin < 12 && is_alnum(raw[begin - 1])) --begin;
    while (value < raw.size() && raw[value] == ' ') ++value;
    const bool is_string = value < raw.size() && (raw[value] == '"' || raw[value] == '\'' || raw.substr(value).starts_with("“"));
    if (begin < end && is_string) names.push_back(raw.substr(begin, end - begin));
  }
  if (names.size() < 2) return false;
  const auto is_name = [&](std::string_view word) { return std::find(names.begin(), names.end(), word) != names.end(); };
  for (std::size_t at = raw.find('+'); at != std::string_view::npos; at = raw.find('+', at + 1)) {
    std::size_t end = at, next = at + 1;
    while (end > 0 && raw[end - 1] == ' ') --end;
    std::size_t begin = end;
    while (begin > 0 && is_alnum(raw[begin - 1])) --begin;
    while (next < raw.size() && raw[next] == ' ') ++next;
    std::size_t stop = next;
    while (stop < raw.size() && is_alnum(raw[stop])) ++stop;
    if (is_name(raw.substr(begin, end - begin)) && is_name(raw.substr(next, stop - next))) return true;
  }
  return false;
}

void find_tokens(std::string_view raw, std::vector<StructureMatch>& out) {
  for (std::size_t at = raw.find_first_of("<[#-="); at != std::string_view::npos; at = raw.find_first_of("<[#-=", at + 1)) {
    const auto take = [&](std::span<const std::string_view> table, Structure what) {
      for (const std::string_view token : table)
        if (starts_with(raw, at, token)) out.push_back({what, {at, at + token.size()}});
    };
    take(kTokens, Structure::kTemplateToken);
    take(kTags, Structure::kRoleTag);
  }
}

void find_turns(std::string_view raw, std::vector<StructureMatch>& out) {
  constexpr std::size_t kFew = 2, kMany = 6;
  std::size_t pairs = 0, first = 0;
  bool asked = false;
  for (std::size_t line = 0; line < raw.size();) {
    const Speaker speaker = speaker_at(raw, line);
    if (speaker == Speaker::kSystem) out.push_back({Structure::kRoleHeader, {line, std::min(raw.size(), line + 8)}});
    if (speaker == Speaker::kUser) asked = true;
    if (speaker == Speaker::kUser && pairs == 0) first = line;
    if (speaker == Speaker::kAssistant && asked) {
      ++pairs;
      asked = false;
    }
    const std::size_t end = raw.find('\n', line);
    if (end == std::string_view::npos) break;
    line = end + 1;
  }
  if (pairs >= kFew) out.push_back({Structure::kFewTurns, {first, raw.size()}});
  if (pairs >= kMany) out.push_back({Structure::kManyTurns, {first, raw.size()}});
}

bool is_mark(char c) { return std::string_view(" \t*_#>-([~=").find(c) != std::string_view::npos; }

/// One line of a user's message that hands over what follows.
bool hands_over(std::string_view line) {
  while (!line.empty() && (line.back() == ' ' || line.back() == '*' || line.back() == '\r')) line.remove_suffix(1);
  if (line.empty() || line.back() != ':' || line.size() > 200) return false;
  constexpr std::string_view kVerbs[] = {"summar",
                                         "translat",
                                         "proofread",
                                         "classif",
                                         "analy",
                                         "review",
                                         "extract",
                                         "rewrite",
                                         "here is the",
                                         "here's the",
                                         "read the",
                                         "read this",
                                         "based on the",
                                         "following text",
                                         "following email",
                                         "following article",
                                         "following document",
                                         "zusammen",
                                         "übersetze",
                                         "resum",
                                         "tradu",
                                         "résum",
                                         "riassum"};
  for (std::size_t at = 0; at < line.size(); ++at)
    for (const std::string_view verb : kVerbs)
      if (starts_with(line, at, verb)) return true;
  return false;
}

/// From a fence to the next one, or to the end.
std::size_t fenced_end(std::string_view raw, std::size_t at, std::string_view fence) {
  const std::size_t end = raw.find(fence, at + fence.size());
  return end == std::string_view::npos ? raw.size() : end + fence.size();
}

/// The end of the block that a tag at `at` opens, or `at` if it opens none.
std::size_t tagged_end(std::string_view raw, std::size_t at) {
  constexpr std::string_view kNames[] = {"document", "text",    "context", "email",   "article",  "data",
                                         "input",    "quote",   "content", "webpage", "web_page", "tool_result",
                                         "result",   "passage", "page",    "file",    "source",   "transcript"};
  for (const std::string_view name : kNames) {
    if (!starts_with(raw, at + 1, name) || at + 1 + name.size() >= raw.size() || is_alnum(raw[at + 1 + name.size()])) continue;
    const std::size_t open = raw.find('>', at);
    if (open == std::string_view::npos) return at;
    for (std::size_t end = raw.find("</", open); end != std::string_view::npos; end = raw.find("</", end + 2))
      if (starts_with(raw, end + 2, name)) return end;
    return raw.size();
  }
  return at;
}

bool is_mail_header(std::string_view raw, std::size_t line) {
  return starts_with(raw, line, "from:") || starts_with(raw, line, "to:") || starts_with(raw, line, "subject:") ||
         starts_with(raw, line, "date:");
}

/// A quotation mark at `at` that closes a string of JSON.
bool closes_string(std::string_view raw, std::size_t at) {
  if (at >= raw.size() || (raw[at] != '"' && raw[at] != '\'')) return false;
  const char next = at + 1 < raw.size() ? raw[at + 1] : '}';
  return next == ',' || next == '}' || next == ']' || next == '\n';
}

}  // namespace

void find_structures(std::string_view raw, std::vector<StructureMatch>& out) {
  find_tokens(raw, out);
  find_turns(raw, out);
  if (joins_variables(raw)) out.push_back({Structure::kSplitPayload, {0, raw.size()}});
}

std::vector<std::size_t> sentence_begins(std::string_view raw) {
  std::vector<std::size_t> begins{0};
  constexpr auto kEnds = [] {
    std::array<bool, 256> table{};
    for (const unsigned char c : {'.', '!', '?', '\n', '"', '\\', '\''}) table[c] = true;
    for (const unsigned char c : {0xE3, 0xEF, 0xE0, 0xD8}) table[c] = true;  // first bytes of 。 ！ ？ । ؟
    return table;
  }();
  for (std::size_t at = 0; at < raw.size(); ++at) {
    if (!kEnds[static_cast<unsigned char>(raw[at])]) continue;
    const char next = at + 1 < raw.size() ? raw[at + 1] : ' ';
    std::size_t end = 0;
    switch (raw[at]) {
      case '\n':
        end = at + 1;
        break;
      case '\\':
        end = next == 'n' ? at + 2 : 0;
        break;
      case '.':
        if (at > 0 && raw[at - 1] == '.') break;  // an ellipsis
        [[fallthrough]];
      case '!':
      case '?':
        end = is_alnum(next) || next == '.' || next == '!' || next == '?' ? 0 : at + 1;
        break;
      case '"':
      case '\'':
        end = closes_string(raw, at) ? at : 0;
        break;
      default: {
        const std::string_view rest = raw.substr(at);
        if (rest.starts_with("。") || rest.starts_with("！") || rest.starts_with("？") || rest.starts_with("।")) end = at + 3;
        if (rest.starts_with("؟")) end = at + 2;
      }
    }
    if (end != 0 && end < raw.size() && end > begins.back()) begins.push_back(end);
  }
  return begins;
}

bool opens_sentence(std::string_view raw, std::size_t at) {
  while (at > 0 && is_mark(raw[at - 1])) --at;
  if (at == 0) return true;
  const std::string_view before = raw.substr(0, at);
  return std::string_view(".!?:;\n\r|])}").find(before.back()) != std::string_view::npos || before.ends_with("\\n") ||
         before.ends_with("。");
}

bool opens_string(std::string_view raw, std::size_t at) {
  if (opens_sentence(raw, at)) return true;
  const std::string_view before = raw.substr(0, at);
  return before.ends_with('"') || before.ends_with('\'') || before.ends_with('{') || before.ends_with("“") || before.ends_with("”");
}

std::size_t string_begin(std::string_view raw, std::size_t begin, std::size_t at) {
  for (std::size_t i = at; i > begin + 1; --i) {
    const bool is_quote = raw[i - 1] == '"' || raw[i - 1] == '\'';
    if (is_quote && std::string_view(" :[{,").find(raw[i - 2]) != std::string_view::npos && raw[i] != ' ') return i;
  }
  return begin;
}

std::size_t paragraph_end(std::string_view raw, std::size_t at) {
  constexpr std::size_t kReachBytes = 400;
  if (at > 0 && at < raw.size() && (raw[at - 1] == '\n' || closes_string(raw, at))) return at;
  const std::size_t stop = std::min(raw.size(), at + kReachBytes);
  for (std::size_t i = at; i < stop; ++i) {
    const std::string_view rest = raw.substr(i);
    const bool breaks = rest.starts_with("\n\n") || rest.starts_with("\\n\\n") || rest.starts_with("\n{") || rest.starts_with("\n[") ||
                        rest.starts_with("</") || rest.starts_with("\n```") || rest.starts_with("\n\"\"\"");
    if (breaks || closes_string(raw, i)) return i;
  }
  return stop == raw.size() ? stop : at;
}

text::Span trimmed(std::string_view raw, text::Span span) {
  const auto is_space = [&](std::size_t at) { return raw[at] == ' ' || raw[at] == '\n' || raw[at] == '\r' || raw[at] == '\t'; };
  while (span.begin < span.end && is_space(span.begin)) ++span.begin;
  while (span.begin < span.end && is_space(span.end - 1)) --span.end;
  return span;
}

std::vector<text::Span> find_addresses(std::string_view raw) {
  std::vector<text::Span> out;
  for (std::size_t at = raw.find('@'); at != std::string_view::npos; at = raw.find('@', at + 1))
    if (at > 0 && at + 1 < raw.size() && is_alnum(raw[at - 1]) && is_alnum(raw[at + 1])) out.push_back({at, at + 1});
  for (std::size_t at = raw.find("://"); at != std::string_view::npos; at = raw.find("://", at + 1)) out.push_back({at, at + 3});
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<text::Span> find_calls(std::string_view raw) {
  constexpr std::string_view kVerbs[] = {"call ", "use ", "invoke ", "run ", "execute ", "trigger "};
  std::vector<text::Span> out;
  for (std::size_t at = raw.find('_'); at != std::string_view::npos; at = raw.find('_', at + 1)) {
    std::size_t begin = at, end = at;
    while (begin > 0 && is_alnum(raw[begin - 1])) --begin;
    while (end < raw.size() && is_alnum(raw[end])) ++end;
    for (const std::string_view verb : kVerbs)
      if (begin >= verb.size() && end - begin > 4 && starts_with(raw, begin - verb.size(), verb)) out.push_back({begin - verb.size(), end});
    at = end - 1;
  }
  return out;
}

std::vector<text::Span> data_regions(std::string_view raw) {
  std::vector<text::Span> out;
  std::size_t headers = 0, first_header = 0;
  for (std::size_t line = 0; line < raw.size();) {
    const std::size_t newline = raw.find('\n', line);
    const std::size_t line_end = newline == std::string_view::npos ? raw.size() : newline;
    std::size_t end = line;
    const std::string_view here = raw.substr(line, line_end - line);
    std::size_t begin = line;
    if (const auto tag = here.find('<'); tag != std::string_view::npos) {
      end = tagged_end(raw, line + tag);
      begin = end > line + tag ? line + tag : line;
      if (begin == line && tag != 0) end = line;
    }
    for (const std::string_view fence : {"```", "\"\"\"", "'''"})
      if (const auto at = here.find(fence); end == line && at != std::string_view::npos) {
        begin = line + at;
        end = fenced_end(raw, begin, fence);
      }
    if (end == line && here.starts_with("> ")) end = line_end;
    if (is_mail_header(raw, line)) {
      if (headers++ == 0) first_header = line;
      if (headers == 2) begin = first_header, end = raw.size();
    }
    if (end == line && line_end < raw.size() && hands_over(here)) begin = line_end, end = raw.size();
    if (end > begin) out.push_back({begin, end});
    line = std::max(end, line_end) + 1;
  }
  return out;
}

}  // namespace steward::filters
