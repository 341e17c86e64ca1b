#include "steward/core/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/json/basic_parser_impl.hpp>

namespace steward::json {
namespace {

namespace bj = boost::json;

/// The keys of the objects under way. Few keys, as nearly all objects have, are compared one by one and cost no allocation of their own.
class OpenKeys {
 public:
  void open() { levels_.push_back({names_.size(), {}}); }
  void close() {
    const std::size_t first = levels_.back().first;
    if (first < names_.size()) chars_.resize(names_[first].first);
    names_.resize(first);
    levels_.pop_back();
  }
  /// False if the innermost object has it already.
  bool add(std::string_view key) {
    Level& level = levels_.back();
    if (names_.size() - level.first < kFew) {
      for (std::size_t i = level.first; i < names_.size(); ++i)
        if (std::string_view(chars_).substr(names_[i].first, names_[i].second) == key) return false;
      names_.emplace_back(chars_.size(), key.size());
      chars_.append(key);
      return true;
    }
    if (level.many.empty())
      for (std::size_t i = level.first; i < names_.size(); ++i) level.many.emplace(chars_, names_[i].first, names_[i].second);
    return level.many.emplace(key).second;
  }

 private:
  static constexpr std::size_t kFew = 24;
  struct Level {
    std::size_t first = 0;                 ///< of its names
    std::unordered_set<std::string> many;  ///< all its keys, once there are more than kFew
  };
  std::vector<Level> levels_;
  std::vector<std::pair<std::size_t, std::size_t>> names_;  ///< place and size in chars_
  std::string chars_;
};

/// Builds a value while it refuses a key that the same object already has.
class Handler {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  bool on_document_begin(bj::error_code&) { return true; }
  bool on_document_end(bj::error_code&) { return true; }
  bool on_object_begin(bj::error_code&) {
    keys_.open();
    return true;
  }
  bool on_object_end(std::size_t count, bj::error_code&) {
    keys_.close();
    stack_.push_object(count);
    return true;
  }
  bool on_array_begin(bj::error_code&) { return true; }
  bool on_array_end(std::size_t count, bj::error_code&) {
    stack_.push_array(count);
    return true;
  }
  bool on_key_part(bj::string_view part, std::size_t, bj::error_code&) {
    key_.append(part.data(), part.size());
    stack_.push_chars(part);
    return true;
  }
  bool on_key(bj::string_view part, std::size_t, bj::error_code& error) {
    std::string_view key = part;
    if (!key_.empty()) key = key_.append(part.data(), part.size());
    if (!keys_.add(key)) {
      duplicate_ = true;
      error = bj::error::syntax;
      return false;
    }
    key_.clear();
    stack_.push_key(part);
    return true;
  }
  bool on_string_part(bj::string_view part, std::size_t, bj::error_code&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_string(bj::string_view part, std::size_t, bj::error_code&) {
    stack_.push_string(part);
    return true;
  }
  bool on_number_part(bj::string_view part, bj::error_code&) {
    number_.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t value, bj::string_view, bj::error_code&) {
    number_.clear();
    stack_.push_int64(value);
    return true;
  }
  bool on_uint64(std::uint64_t value, bj::string_view, bj::error_code&) {
    number_.clear();
    stack_.push_uint64(value);
    return true;
  }
  /// Boost's own value is off by a bit at times, and infinite for 1e400: read again, to the nearest double.
  bool on_double(double value, bj::string_view part, bj::error_code& error) {
    number_.append(part.data(), part.size());
    const auto read = std::from_chars(number_.data(), number_.data() + number_.size(), value);
    out_of_range_ = read.ec == std::errc::result_out_of_range && std::abs(value) > 1;
    if (read.ec == std::errc::result_out_of_range && !out_of_range_) value = 0;
    out_of_range_ = out_of_range_ || !std::isfinite(value);
    number_.clear();
    if (out_of_range_) {
      error = bj::error::syntax;
      return false;
    }
    stack_.push_double(value);
    return true;
  }
  bool on_bool(bool value, bj::error_code&) {
    stack_.push_bool(value);
    return true;
  }
  bool on_null(bj::error_code&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
  bool on_comment(bj::string_view, bj::error_code&) { return true; }

  bool duplicate() const { return duplicate_; }
  bool out_of_range() const { return out_of_range_; }
  void begin() { stack_.reset(); }
  Value release() { return stack_.release(); }

 private:
  bj::value_stack stack_;
  OpenKeys keys_;
  std::string key_;  ///< its parts so far
  std::string number_;
  bool duplicate_ = false;
  bool out_of_range_ = false;
};

/// Shortest text that reads back as the same double, always with a point or an exponent; Boost.JSON itself writes 1E0.
void write_double(double value, std::string& out) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  const std::string_view written(text.data(), static_cast<std::size_t>(end - text.data()));
  out += written;
  if (written.find_first_not_of("-0123456789") == std::string_view::npos) out += ".0";
}

template <typename Integer>
void write_integer(Integer value, std::string& out) {
  std::array<char, 24> text;
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
}

enum class KeyOrder { kAsGiven, kSorted };

void write(const Value& value, KeyOrder order, std::string& out);

void write_member(const bj::key_value_pair& member, KeyOrder order, std::string& out) {
  if (out.back() != '{') out += ',';
  append_string(out, member.key());
  out += ':';
  write(member.value(), order, out);
}

void write_object(const Object& object, KeyOrder order, std::string& out) {
  out += '{';
  if (order == KeyOrder::kAsGiven) {
    for (const auto& member : object) write_member(member, order, out);
  } else {
    std::vector<const bj::key_value_pair*> members;
    members.reserve(object.size());
    for (const auto& member : object) members.push_back(&member);
    std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) { return a->key() < b->key(); });
    for (const auto* member : members) write_member(*member, order, out);
  }
  out += '}';
}

void write(const Value& value, KeyOrder order, std::string& out) {
  if (const auto* object = value.if_object()) {
    write_object(*object, order, out);
  } else if (const auto* array = value.if_array()) {
    out += '[';
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (i > 0) out += ',';
      write((*array)[i], order, out);
    }
    out += ']';
  } else if (const auto* text = value.if_string()) {
    append_string(out, *text);
  } else if (const auto* number = value.if_double(); number && std::isfinite(*number)) {
    write_double(*number, out);
  } else if (const auto* integer = value.if_int64()) {
    write_integer(*integer, out);
  } else if (const auto* natural = value.if_uint64()) {
    write_integer(*natural, out);
  } else if (const auto* truth = value.if_bool()) {
    out += *truth ? "true" : "false";
  } else if (value.is_null()) {
    out += "null";
  } else {
    out += bj::serialize(value);  // not a number that JSON has
  }
}

std::string written(const Value& value, KeyOrder order) {
  std::string out;
  write(value, order, out);
  return out;
}

const Value* member(const Object& object, std::string_view key) {
  const auto* found = object.if_contains(key);
  return found && !found->is_null() ? found : nullptr;
}

tl::unexpected<Error> wrong_type(std::string_view key, std::string_view wanted) {
  return fail(ErrorCode::kInvalidInput, fmt::format("'{}' must be {}", key, wanted), std::string(key));
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;  // from here on, nothing needed an escape
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(text.substr(plain, i - plain));
    plain = i + 1;
    constexpr std::string_view kShort = "\b\t\n\f\r\"\\";
    const std::size_t known = kShort.find(text[i]);
    out += '\\';
    if (known != std::string_view::npos)
      out += "btnfr\"\\"[known];
    else
      out.append("u00").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
  }
  out.append(text.substr(plain)).append(1, '"');
}

Result<Value> parse(std::string_view text, const ParseLimits& limits) {
  if (text.size() > limits.bytes_max) return fail(ErrorCode::kTooLarge, fmt::format("JSON text is over {} bytes", limits.bytes_max));
  bj::parse_options options;
  options.max_depth = limits.depth_max;
  bj::basic_parser<Handler> parser(options);
  parser.handler().begin();
  bj::error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (parser.handler().duplicate())
    return fail(ErrorCode::kInvalidInput, fmt::format("a key stands twice in one JSON object, near byte {}: keep one of them", read));
  if (parser.handler().out_of_range()) return fail(ErrorCode::kInvalidInput, fmt::format("the number before byte {} is too large", read));
  if (error == bj::error::too_deep)
    return fail(ErrorCode::kInvalidInput, fmt::format("JSON is nested deeper than {} levels", limits.depth_max));
  if (error) return fail(ErrorCode::kInvalidInput, fmt::format("not valid JSON at byte {}: {}", read, error.message()));
  if (text.find_first_not_of(" \t\r\n", read) != std::string_view::npos)
    return fail(ErrorCode::kInvalidInput, fmt::format("extra bytes after the JSON value, at byte {}", read));
  return parser.handler().release();
}

std::string dump(const Value& value) { return written(value, KeyOrder::kAsGiven); }

std::string dump_canonical(const Value& value) { return written(value, KeyOrder::kSorted); }

Result<std::optional<std::string>> get_string(const Object& object, std::string_view key) {
  const Value* value = member(object, key);
  if (!value) return std::optional<std::string>();
  if (!value->is_string()) return wrong_type(key, "a string");
  return std::optional<std::string>(std::string(value->get_string()));
}

Result<std::optional<double>> get_number(const Object& object, std::string_view key) {
  const Value* value = member(object, key);
  if (!value) return std::optional<double>();
  if (!value->is_number()) return wrong_type(key, "a number");
  return std::optional<double>(value->to_number<double>());
}

Result<std::optional<std::int64_t>> get_integer(const Object& object, std::string_view key) {
  const Value* value = member(object, key);
  if (!value) return std::optional<std::int64_t>();
  if (const auto* number = value->if_double(); number && std::trunc(*number) == *number && std::abs(*number) < 9e15)
    return std::optional<std::int64_t>(static_cast<std::int64_t>(*number));
  bj::error_code error;
  const auto number = value->is_number() ? value->to_number<std::int64_t>(error) : 0;
  if (!value->is_number() || error) return wrong_type(key, "an integer");
  return std::optional<std::int64_t>(number);
}

Result<std::optional<bool>> get_bool(const Object& object, std::string_view key) {
  const Value* value = member(object, key);
  if (!value) return std::optional<bool>();
  if (!value->is_bool()) return wrong_type(key, "true or false");
  return std::optional<bool>(value->get_bool());
}

Result<const Array*> get_array(const Object& object, std::string_view key) {
  const Value* value = member(object, key);
  if (!value) return static_cast<const Array*>(nullptr);
  if (!value->is_array()) return wrong_type(key, "an array");
  return &value->get_array();
}

Result<const Object*> get_object(const Object& object, std::string_view key) {
  const Value* value = member(object, key);
  if (!value) return static_cast<const Object*>(nullptr);
  if (!value->is_object()) return wrong_type(key, "an object");
  return &value->get_object();
}

}  // namespace steward::json
