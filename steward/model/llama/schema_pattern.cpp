#include "steward/model/llama/schema_pattern.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include <fmt/format.h>

namespace steward::model {
namespace {

constexpr std::size_t kPatternBytesMax = 512, kGroupsDeepMax = 16;
constexpr int kRepeatMax = 1000, kRepeatsMax = 2000;
/// What a JSON string cannot hold as it is, for use in a negated class.
constexpr char kEscaped[] = R"("\\\x7F\x00-\x1F)";
constexpr std::string_view kSpecial = "^$.[]()|{}*+?";

tl::unexpected<Error> refuse(std::string_view why) {
  return fail(ErrorCode::kInvalidInput, fmt::format("`pattern` cannot be enforced: {}", why));
}

bool is_escaped_in_json(unsigned char c) { return c < 0x20 || c == 0x7F || c == '"' || c == '\\'; }

class Rewriter {
 public:
  explicit Rewriter(std::string_view body) : body_(body) {}
  Result<std::string> run() {
    while (at_ < body_.size()) TRY(step());
    if (!groups_.empty()) return refuse("a parenthesis is not closed");
    return out_;
  }

 private:
  enum class Last { kNothing, kAtom, kGroup, kRepeatedGroup, kQuantifier };

  Result<void> step() {
    const char c = body_[at_];
    if (c == '\\') return escape();
    if (c == '[') return char_class();
    if (c == '(') return open();
    if (c == ')') return close();
    if (c == '*' || c == '+' || c == '?' || c == '{') return quantifier();
    if (c == '|') {
      if (groups_.empty()) return refuse("write alternatives in parentheses");
      if (last_ == Last::kNothing) return refuse("an alternative is empty");
      last_ = Last::kNothing;
    } else if (c == '.') {
      atom(fmt::format("[^{}]", kEscaped));
      ++at_;
      return {};
    } else if (kSpecial.find(c) != std::string_view::npos) {
      return refuse("^, $, ] and } stand only where they mean something, or after a backslash");
    } else if (is_escaped_in_json(static_cast<unsigned char>(c))) {
      return refuse("quotes and control characters are written with escapes in JSON");
    } else {
      last_ = Last::kAtom;
    }
    out_ += c;
    ++at_;
    return {};
  }

  void atom(std::string_view text) {
    out_ += text;
    last_ = Last::kAtom;
  }

  Result<void> escape() {
    if (at_ + 1 >= body_.size()) return refuse("it ends in a backslash");
    const char c = body_[at_ + 1];
    at_ += 2;
    if (c == 'd') {
      atom("[0-9]");
    } else if (c == 'w') {
      atom("[A-Za-z0-9_]");
    } else if (c == 's') {
      atom("[ ]");
    } else if (c == 'D') {
      atom(fmt::format("[^0-9{}]", kEscaped));
    } else if (c == 'W') {
      atom(fmt::format("[^A-Za-z0-9_{}]", kEscaped));
    } else if (c == 'S') {
      atom(fmt::format("[^ {}]", kEscaped));
    } else if (std::isalnum(static_cast<unsigned char>(c)) || is_escaped_in_json(static_cast<unsigned char>(c))) {
      return refuse("of the escapes only \\d \\w \\s \\D \\W \\S and those of punctuation can be used");
    } else {
      atom(kSpecial.find(c) != std::string_view::npos ? std::string{'\\', c} : std::string{c});
    }
    return {};
  }

  /// One member of a class: a character, or \d, \w, \s whole. Moves on.
  Result<std::string> class_member(unsigned char& value) {
    char c = body_[at_++];
    value = 0;
    if (c == '\\') {
      if (at_ >= body_.size()) return refuse("a class is not closed");
      c = body_[at_++];
      if (c == 'd') return std::string("0-9");
      if (c == 'w') return std::string("A-Za-z0-9_");
      if (c == 's') return std::string(" ");
      if (std::isalnum(static_cast<unsigned char>(c)))
        return refuse("of the escapes in a class only \\d \\w \\s and those of punctuation can be used");
    }
    value = static_cast<unsigned char>(c);
    if (is_escaped_in_json(value)) return refuse("quotes, backslashes and control characters are written with escapes in JSON");
    return c == ']' || c == '[' || c == '-' ? std::string{'\\', c} : std::string{c};
  }

  Result<void> char_class() {
    ++at_;
    const bool negated = at_ < body_.size() && body_[at_] == '^';
    at_ += negated ? 1 : 0;
    std::string members;
    while (at_ < body_.size() && body_[at_] != ']') {
      unsigned char low = 0, high = 0;
      members += TRY(class_member(low));
      const bool range = at_ + 1 < body_.size() && body_[at_] == '-' && body_[at_ + 1] != ']';
      if (!range) continue;
      ++at_;
      const std::string end = TRY(class_member(high));
      // Beyond ASCII a byte is no character: such ranges are left to the reader of the grammar.
      const bool ascii = low != 0 && high != 0 && low < 0x80 && high < 0x80;
      if (low == 0 || high == 0 || (ascii && low > high)) return refuse("a range in a class goes backwards or has no ends");
      if (ascii && !negated && ((low <= '"' && high >= '"') || (low <= '\\' && high >= '\\')))
        return refuse("a range in a class holds a quote or a backslash");
      members += "-" + end;
    }
    if (at_ >= body_.size()) return refuse("a class is not closed");
    if (members.empty()) return refuse("a class is empty");
    ++at_;
    atom(negated ? fmt::format("[^{}{}]", members, kEscaped) : fmt::format("[{}]", members));
    return {};
  }

  Result<void> open() {
    if (groups_.size() == kGroupsDeepMax) return refuse("groups are nested too deeply");
    const bool named = at_ + 1 < body_.size() && body_[at_ + 1] == '?';
    if (named && body_.substr(at_, 3) != "(?:") return refuse("look-around and named groups cannot be used");
    groups_.push_back(false);
    out_ += '(';
    at_ += named ? 3 : 1;
    last_ = Last::kNothing;
    return {};
  }

  Result<void> close() {
    if (groups_.empty()) return refuse("a parenthesis is not opened");
    if (last_ == Last::kNothing) return refuse("an alternative is empty");
    last_ = groups_.back() ? Last::kRepeatedGroup : Last::kGroup;
    const bool repeats = groups_.back();
    groups_.pop_back();
    if (repeats && !groups_.empty()) groups_.back() = true;
    out_ += ')';
    ++at_;
    return {};
  }

  Result<int> bound() {
    int out = -1;
    while (at_ < body_.size() && std::isdigit(static_cast<unsigned char>(body_[at_]))) {
      out = (out < 0 ? 0 : out) * 10 + (body_[at_++] - '0');
      if (out > kRepeatMax) return refuse(fmt::format("at most {} repetitions", kRepeatMax));
    }
    return out;
  }

  /// A quantifier over what repeats already would multiply, and make a grammar in which one text has many readings.
  Result<void> quantifier() {
    if (last_ == Last::kQuantifier) return refuse("lazy quantifiers and quantifiers of quantifiers cannot be used");
    if (last_ == Last::kNothing) return refuse("there is nothing to repeat");
    if (last_ == Last::kRepeatedGroup) return refuse("a group that holds a repetition cannot be repeated");
    last_ = Last::kQuantifier;
    if (!groups_.empty()) groups_.back() = true;
    if (body_[at_] != '{') {
      out_ += body_[at_++];
      return {};
    }
    const std::size_t begin = at_++;
    const int least = TRY(bound());
    int most = least;
    if (at_ < body_.size() && body_[at_] == ',') {
      ++at_;
      most = TRY(bound());
    }
    if (at_ >= body_.size() || body_[at_] != '}' || least < 0 || (most >= 0 && most < least))
      return refuse("write repetitions as {2}, {2,} or {2,5}");
    ++at_;
    repeats_ += std::max(least, most);
    if (repeats_ > kRepeatsMax) return refuse(fmt::format("at most {} repetitions in all", kRepeatsMax));
    out_ += body_.substr(begin, at_ - begin);
    return {};
  }

  const std::string_view body_;
  std::size_t at_ = 0;
  std::string out_;
  std::vector<bool> groups_;  ///< open ones: does it hold a repetition?
  Last last_ = Last::kNothing;
  int repeats_ = 0;
};

}  // namespace

Result<std::string> json_string_pattern(std::string_view pattern) {
  if (pattern.size() > kPatternBytesMax) return refuse(fmt::format("at most {} bytes", kPatternBytesMax));
  const bool begins = pattern.starts_with('^');
  if (begins) pattern.remove_prefix(1);
  std::size_t backslashes = 0;
  while (backslashes + 1 < pattern.size() && pattern[pattern.size() - 2 - backslashes] == '\\') ++backslashes;
  const bool ends = pattern.ends_with('$') && backslashes % 2 == 0;
  if (ends) pattern.remove_suffix(1);
  const std::string body = TRY(Rewriter(pattern).run());
  const std::string anything = fmt::format("[^{}]*", kEscaped);
  return fmt::format("^{}{}{}$", begins ? "" : anything, body, ends ? "" : anything);
}

}  // namespace steward::model
