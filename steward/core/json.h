#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "steward/core/result.h"

/// The project's one face of Boost.JSON; no other header includes it.
namespace steward::json {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;
using String = boost::json::string;

struct ParseLimits {
  std::size_t bytes_max = 16u << 20;
  std::size_t depth_max = 64;
};

/// Strict JSON (RFC 8259): valid UTF-8 only, no trailing bytes, and a key that stands twice
/// in one object is an error, because two readers would see different values.
/// Errors: kInvalidInput with the byte offset; kTooLarge over a limit.
Result<Value> parse(std::string_view text, const ParseLimits& limits = {});

/// Appends `text`, valid UTF-8, as a JSON string.
void append_string(std::string& out, std::string_view text);
std::string dump(const Value& value);
/// Keys sorted at every level, no white space: the same value always gives the same bytes.
std::string dump_canonical(const Value& value);

/// Typed access to one member. A missing member or an explicit null is nullopt; another type is
/// kInvalidInput that names `key` as the error's param.
Result<std::optional<std::string>> get_string(const Object& object, std::string_view key);
Result<std::optional<double>> get_number(const Object& object, std::string_view key);
Result<std::optional<std::int64_t>> get_integer(const Object& object, std::string_view key);
Result<std::optional<bool>> get_bool(const Object& object, std::string_view key);
/// Pointers into `object`, null when the member is missing or null.
Result<const Array*> get_array(const Object& object, std::string_view key);
Result<const Object*> get_object(const Object& object, std::string_view key);

}  // namespace steward::json
