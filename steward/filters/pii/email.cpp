#include <algorithm>

#include "steward/filters/pii/recogniser.h"
#include "steward/text/words.h"

namespace steward::filters::pii {
namespace {

constexpr std::size_t kLocalBytesMax = 64;    // RFC 5321, 4.5.3.1.1
constexpr std::size_t kDomainBytesMax = 189;  // with the local part and "@": 254, the longest path (RFC 3696, erratum 1690)
constexpr std::size_t kLabelBytesMax = 63;    // RFC 1035, 2.3.4

/// An address is written in one script beside digits: "邮箱foo@example.com吧" and "пишите:foo@example.comи" end with the script.
enum class Script { kAny, kLatin, kOther, kUnspaced, kNone };

Script script_of(char32_t c) {
  if (c < 0x80) return is_ascii_letter(static_cast<char>(c)) ? Script::kLatin : Script::kAny;
  if (!text::is_word_char(c)) return Script::kNone;
  if (text::is_unspaced_char(c)) return Script::kUnspaced;
  return c < 0x250 || (c >= 0x300 && c < 0x370) || (c >= 0x1E00 && c < 0x1F00) ? Script::kLatin : Script::kOther;
}

/// RFC 5322 atoms without the characters that more often stand around an address than in it: * / = ? ` { | }
bool is_local_byte(char c) {
  static constexpr std::string_view kMarks = "!#$%&'+-.^_~";
  return is_ascii_alnum(c) || kMarks.find(c) != std::string_view::npos;
}

std::size_t local_begin(std::string_view text, std::size_t end, std::size_t from) {
  const std::size_t limit = std::max(from, end > kLocalBytesMax ? end - kLocalBytesMax : 0);
  Script script = Script::kAny;
  std::size_t begin = end;
  while (begin > limit) {
    std::size_t at = begin;
    const char32_t c = text::previous_char(text, at);
    if (at < limit) break;
    const Script own = script_of(c);
    if (own == Script::kNone || own == Script::kUnspaced || (c < 0x80 && !is_local_byte(static_cast<char>(c)))) break;
    if (c == '.' && begin < end && text[begin] == '.') break;  // an ellipsis before an address
    if (own != Script::kAny && script != Script::kAny && own != script) break;
    if (own != Script::kAny) script = own;
    begin = at;
  }
  return begin;
}

struct Label {
  std::size_t end = 0;
  Script script = Script::kAny;
  bool digits = false;
  std::size_t chars = 0;
};

Label read_label(Reader& reader, std::size_t begin) {
  Label label;
  label.end = begin;
  for (std::size_t at = begin; at - begin < kLabelBytesMax && reader.has(at);) {
    const char first = reader.text()[at];
    if (static_cast<unsigned char>(first) < 0x80 && !is_ascii_alnum(first) && first != '-') break;
    const char32_t c = text::next_char(reader.text(), at);
    const Script own = script_of(c);
    if (own == Script::kNone || (own != Script::kAny && label.script != Script::kAny && own != label.script)) break;
    if (own != Script::kAny) label.script = own;
    label.digits = label.digits || own == Script::kAny;
    ++label.chars;
    if (c == '-' && label.chars == 1) break;
    if (c != '-') label.end = at;  // a label does not end with a hyphen
  }
  return label;
}

/// End of the unspaced top-level domain that begins at `begin`: prose goes on without a space, so only known ones end an address.
std::size_t unspaced_tld_end(std::string_view label) {
  static constexpr std::string_view kTlds[] = {"中国", "中國", "香港", "台灣", "台湾", "公司", "网络", "在线", "みんな", "ไทย"};
  for (const std::string_view tld : kTlds) {
    if (label.starts_with(tld)) return tld.size();
  }
  return 0;
}

/// Suffixes of file and unit names that are no top-level domains: "icon@2x.png", "getty@tty1.service".
bool is_file_suffix(std::string_view label) {
  static constexpr std::string_view kSuffixes[] = {"bmp",     "cfg", "conf",  "css", "csv", "dll",  "exe",  "gif", "htm",  "html",
                                                   "ico",     "ini", "jpeg",  "jpg", "js",  "json", "lock", "log", "php",  "png",
                                                   "service", "svg", "timer", "ts",  "tsx", "txt",  "webp", "xml", "yaml", "yml"};
  return std::binary_search(std::begin(kSuffixes), std::end(kSuffixes), label);
}

/// End of the domain that begins at `begin`, or 0: labels joined by dots, the last one a possible top-level domain.
std::size_t domain_end(Reader& reader, std::size_t begin) {
  std::size_t best = 0;
  std::size_t at = begin;
  for (bool first = true; at - begin < kDomainBytesMax; first = false) {
    const Label label = read_label(reader, at);
    if (label.end == at) break;
    const std::string_view name = reader.text().substr(at, label.end - at);
    const bool dotted = reader.at(label.end) == '.';
    if (label.script == Script::kUnspaced) {
      const std::size_t length = dotted ? 0 : unspaced_tld_end(name);
      if (!first && length > 0) best = at + length;
    } else if (!first && ((!label.digits && label.chars >= 2 && !is_file_suffix(name)) || name.starts_with("xn--"))) {
      best = label.end;
    }
    if (!dotted) break;
    at = label.end + 1;
  }
  return best;
}

std::optional<Match> probe(Reader& reader, const Place& place, const Options&) {
  const std::string_view text = reader.text();
  std::size_t begin = local_begin(text, place.trigger, place.from);
  while (begin < place.trigger && static_cast<unsigned char>(text[begin]) < 0x80 && !is_ascii_alnum(text[begin]) && text[begin] != '_') {
    ++begin;
  }
  if (begin == place.trigger) return std::nullopt;
  const std::size_t end = domain_end(reader, place.trigger + 1);
  if (end == 0) return std::nullopt;
  // "git@host:path" is how git writes a remote.
  if (text.substr(begin, place.trigger - begin) == "git" && reader.at(end) == ':') return std::nullopt;
  return Match{{begin, end}, std::string(text.substr(begin, end - begin))};
}

}  // namespace

const Recogniser kEmail{"email", "EMAIL", "email-address", Trigger::kAt, probe, caseless<local_begin>};

}  // namespace steward::filters::pii
