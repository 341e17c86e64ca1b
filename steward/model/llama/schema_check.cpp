#include "steward/model/llama/schema_check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "steward/model/llama/schema_pattern.h"

namespace steward::model {
namespace {

constexpr std::size_t kSchemaBytesMax = 64u << 10, kNameBytesMax = 128;
constexpr int kDepthMax = 24, kNodesMax = 1000, kItemsMax = 1000, kLengthMax = 2000, kRepeatsMax = 10'000, kPatternsMax = 32;
constexpr int kOptionalMax = 64, kOptionalsMax = 256, kEnumMax = 1000, kWaysMax = 64, kWaysRecursiveMax = 8;
constexpr double kIntegerMax = 9007199254740992.0;  // 2^53

/// Keywords that a grammar does not enforce; named in errors. Others that are unknown are not.
constexpr std::array kNotEnforced = {"not",
                                     "if",
                                     "then",
                                     "else",
                                     "patternProperties",
                                     "propertyNames",
                                     "contains",
                                     "minContains",
                                     "uniqueItems",
                                     "maxContains",
                                     "multipleOf",
                                     "minProperties",
                                     "maxProperties",
                                     "dependentRequired",
                                     "dependentSchemas",
                                     "dependencies",
                                     "unevaluatedProperties",
                                     "unevaluatedItems",
                                     "additionalItems",
                                     "allOf"};
constexpr std::array kAnnotations = {"title",      "description", "default",   "examples", "$schema",     "$id",    "$comment",
                                     "deprecated", "readOnly",    "writeOnly", "$defs",    "definitions", "format", "type"};

tl::unexpected<Error> refuse(std::string message) { return fail(ErrorCode::kInvalidInput, std::move(message)); }

template <typename List>
bool among(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

class Checker {
 public:
  Checker(json::Value& root, Enforcement enforcement) : root_(root), enforcement_(enforcement) {}

  Result<void> run() {
    TRY(visit(root_, 0));
    std::set<const json::Value*> open;
    TRY(follow(root_, open));
    const int most = recursive_ ? kWaysRecursiveMax : kWaysMax;
    for (const auto& [node, ways] : ways_)
      if (ways > most)
        return refuse(
            fmt::format("the schema has more than {} alternatives in one place{}", most, recursive_ ? " and refers to itself" : ""));
    return {};
  }

 private:
  Result<void> visit(json::Value& node, int depth) {
    checked_.insert(&node);
    if (++nodes_ > kNodesMax) return refuse(fmt::format("the schema has more than {} parts", kNodesMax));
    if (depth > kDepthMax) return refuse(fmt::format("the schema is nested more than {} levels deep", kDepthMax));
    if (node.is_bool() && node.get_bool()) node = json::Object{};
    if (!node.is_object()) return refuse("every part of the schema must be an object");
    json::Object& object = node.get_object();
    if (enforcement_ == Enforcement::kWhole) TRY(check_keywords(object));
    // Beside named properties the grammar makes no others, also where the schema would allow them: what it makes is valid all the same.
    // First of all, for it moves the object's members.
    if (const json::Value* named = object.if_contains("properties"); named && named->is_object() && !named->get_object().empty())
      object["additionalProperties"] = false;
    TRY(check_type(object));
    TRY(check_numbers(object));
    if (json::Value* pattern = object.if_contains("pattern")) {
      if (!pattern->is_string() || ++patterns_ > kPatternsMax)
        return refuse(fmt::format("`pattern` must be a text, at most {} times", kPatternsMax));
      const std::string rewritten = TRY(json_string_pattern(pattern->get_string()));
      *pattern = rewritten;
    }
    return visit_parts(object, depth);
  }

  Result<void> visit_parts(json::Object& object, int depth) {
    for (const char* key : {"$defs", "definitions", "properties"}) {
      json::Value* parts = object.if_contains(key);
      if (!parts) continue;
      if (!parts->is_object()) return refuse(fmt::format("`{}` must be an object", key));
      for (auto& member : parts->get_object()) {
        if (member.key().size() > kNameBytesMax) return refuse(fmt::format("a name in `{}` has more than {} bytes", key, kNameBytesMax));
        TRY(visit(member.value(), depth + 1));
      }
    }
    for (const char* key : {"anyOf", "oneOf", "allOf", "prefixItems", "items"}) {
      json::Value* parts = object.if_contains(key);
      if (!parts || !parts->is_array()) continue;
      for (json::Value& part : parts->get_array()) TRY(visit(part, depth + 1));
    }
    for (const char* key : {"items", "additionalProperties"}) {
      json::Value* part = object.if_contains(key);
      if (part && part->is_object()) TRY(visit(*part, depth + 1));
      if (part && part->is_bool() && std::string_view(key) == "items") TRY(visit(*part, depth + 1));
    }
    return check_properties(object);
  }

  Result<void> check_properties(const json::Object& object) {
    const json::Value* properties = object.if_contains("properties");
    if (!properties) return {};
    std::set<std::string_view> required;
    if (const json::Value* names = object.if_contains("required")) {
      if (!names->is_array()) return refuse("`required` must be a list of names");
      for (const json::Value& name : names->get_array()) {
        if (!name.is_string()) return refuse("`required` must be a list of names");
        required.insert(std::string_view(name.get_string()));
        if (enforcement_ == Enforcement::kWhole && !properties->get_object().contains(name.get_string()))
          return refuse("`required` names what `properties` does not have");
      }
    }
    int optional = 0;
    for (const auto& member : properties->get_object()) optional += required.contains(std::string_view(member.key())) ? 0 : 1;
    optionals_ += optional;
    if (optional > kOptionalMax || optionals_ > kOptionalsMax)
      return refuse(fmt::format("at most {} properties of an object, and {} in all, may be optional", kOptionalMax, kOptionalsMax));
    return {};
  }

  /// Of a schema that is enforced whole: keywords that have no effect beside those that stand there, too.
  Result<void> check_keywords(const json::Object& object) {
    for (const auto& member : object) {
      const std::string_view key = member.key();
      if (among(kNotEnforced, key)) return refuse(fmt::format("`{}` cannot be enforced; without `strict` it is left out", key));
      if (among(kAnnotations, key) || effective(object, key)) continue;
      return refuse("a keyword of the schema cannot be enforced where it stands; without `strict` it is left out");
    }
    return {};
  }

  static bool effective(const json::Object& object, std::string_view key) {
    if (object.contains("$ref")) return key == "$ref";
    if (object.contains("oneOf")) return key == "oneOf";
    if (object.contains("anyOf")) return key == "anyOf";
    if (object.contains("const")) return key == "const";
    if (object.contains("enum")) return key == "enum";
    const auto is = [&](const char* type) {
      const json::Value* given = object.if_contains("type");
      if (given && given->is_array())
        return std::any_of(given->get_array().begin(), given->get_array().end(), [&](const json::Value& one) { return one == type; });
      return given && *given == type;
    };
    if (key == "properties" || key == "required" || key == "additionalProperties") return is("object") || !object.contains("type");
    if (key == "items" || key == "prefixItems" || key == "minItems" || key == "maxItems") return is("array");
    if (key == "pattern") return is("string");
    if (key == "minLength" || key == "maxLength") return is("string") && !object.contains("pattern");
    if (key == "minimum" || key == "maximum" || key == "exclusiveMinimum" || key == "exclusiveMaximum") return is("integer");
    return false;
  }

  Result<void> check_type(const json::Object& object) {
    if (const json::Value* type = object.if_contains("type"); type && type->is_array()) {
      std::set<std::string> seen;
      for (const json::Value& one : type->get_array())
        if (!one.is_string() || !seen.emplace(one.get_string()).second) return refuse("`type` must be a text or a list of different ones");
    }
    for (const char* key : {"enum", "required"})
      if (const json::Value* list = object.if_contains(key);
          list && list->is_array() && (enums_ += static_cast<int>(list->get_array().size())) > kEnumMax)
        return refuse(fmt::format("the lists of `enum` and `required` hold more than {} values", kEnumMax));
    const json::Value* reference = object.if_contains("$ref");
    if (!reference) return {};
    if (!reference->is_string() || !std::string_view(reference->get_string()).starts_with("#/"))
      return refuse("`$ref` may only lead into the schema itself (#/$defs/…): nothing is fetched");
    if (reference->get_string().size() > kNameBytesMax) return refuse(fmt::format("`$ref` has more than {} bytes", kNameBytesMax));
    return {};
  }

  Result<void> check_numbers(const json::Object& object) {
    const int items = TRY(range(object, "minItems", "maxItems", kItemsMax));
    const int length = TRY(range(object, "minLength", "maxLength", kLengthMax));
    if ((repeats_ += items + length) > kRepeatsMax)
      return refuse(fmt::format("the lengths that the schema states add up to more than {}", kRepeatsMax));
    double least = -kIntegerMax, most = kIntegerMax;
    for (const char* key : {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"}) {
      const json::Value* value = object.if_contains(key);
      if (!value) continue;
      if (!value->is_number()) return refuse(fmt::format("`{}` must be a number", key));
      const double number = value->to_number<double>();
      if (!(std::abs(number) < kIntegerMax)) return refuse(fmt::format("`{}` must be below 2^53 either way", key));
      const bool lower = std::string_view(key).find("inimum") != std::string_view::npos;
      const double exclusive = key[0] == 'e' ? 1 : 0;
      if (lower) least = std::max(least, exclusive > 0 ? std::floor(number) + 1 : std::ceil(number));
      if (!lower) most = std::min(most, exclusive > 0 ? std::ceil(number) - 1 : std::floor(number));
    }
    if (least > most) return refuse("`minimum` is greater than `maximum`");
    return {};
  }

  /// The greater of two counts, or 0. Counts beyond `most` are refused: the grammar would be too large.
  static Result<int> range(const json::Object& object, const char* low, const char* high, int most) {
    std::int64_t least = 0, greatest = -1;
    for (const char* key : {low, high}) {
      const json::Value* value = object.if_contains(key);
      if (!value) continue;
      const std::int64_t* number = value->if_int64();
      if (!number || *number < 0 || *number > most) return refuse(fmt::format("`{}` must be a whole number from 0 to {}", key, most));
      (key == low ? least : greatest) = *number;
    }
    if (greatest >= 0 && least > greatest) return refuse(fmt::format("`{}` is greater than `{}`", low, high));
    return static_cast<int>(std::max(least, greatest));
  }

  const json::Value* target(const json::String& reference) const {
    const json::Value* at = &root_;
    std::string_view rest = std::string_view(reference).substr(1);
    while (!rest.empty() && at) {
      rest.remove_prefix(1);
      const auto end = std::min(rest.find('/'), rest.size());
      const std::string_view name = rest.substr(0, end);
      rest.remove_prefix(end);
      at = at->is_object() ? at->get_object().if_contains(name) : nullptr;
    }
    return at;
  }

  /// Walks along references once, and counts the ways in which each part can begin: alternatives of alternatives add up.
  /// `open`: parts that began and have not read a character yet.
  Result<int> follow(const json::Value& node, std::set<const json::Value*>& open) {
    if (const auto known = ways_.find(&node); known != ways_.end()) {
      recursive_ = recursive_ || unfinished_.contains(&node);
      if (open.contains(&node)) return refuse("the schema refers to itself without end");
      return known->second;
    }
    ways_[&node] = 1;
    if (!node.is_object()) return 1;
    unfinished_.insert(&node);
    open.insert(&node);
    const json::Object& object = node.get_object();
    int ways = 1;
    if (const json::Value* reference = object.if_contains("$ref")) {
      const json::Value* at = target(reference->get_string());
      if (!at || !checked_.contains(at)) return refuse("a `$ref` leads to no part of the schema");
      ways = TRY(follow(*at, open));
    } else if (object.contains("anyOf") || object.contains("oneOf")) {
      const json::Value& parts = object.at(object.contains("oneOf") ? "oneOf" : "anyOf");
      if (!parts.is_array()) return refuse("`anyOf` and `oneOf` must be lists");
      ways = 0;
      for (const json::Value& part : parts.get_array()) {
        ways += TRY(follow(part, open));
        ways = std::min(ways, kWaysMax + 1);
      }
    } else {
      if (const json::Value* type = object.if_contains("type"); type && type->is_array()) ways = static_cast<int>(type->get_array().size());
      TRY(follow_inside(object));
    }
    open.erase(&node);
    unfinished_.erase(&node);
    ways_[&node] = ways;
    return ways;
  }

  /// Properties that `allOf` would merge: all those of its parts, and of their alternatives.
  int merged(const json::Value& part, int hops) const {
    if (!part.is_object() || hops > kDepthMax) return 0;
    const json::Object& object = part.get_object();
    if (const json::Value* reference = object.if_contains("$ref")) {
      const json::Value* at = target(reference->get_string());
      return at ? merged(*at, hops + 1) : 0;
    }
    int out = 0;
    for (const char* key : {"anyOf", "oneOf"})
      if (const json::Value* list = object.if_contains(key); list && list->is_array())
        for (const json::Value& one : list->get_array()) out = std::min(out + merged(one, hops + 1), kOptionalMax + 1);
    if (const json::Value* properties = object.if_contains("properties")) out += static_cast<int>(properties->get_object().size());
    return out;
  }

  Result<void> follow_inside(const json::Object& object) {
    if (const json::Value* all = object.if_contains("allOf"); all && all->is_array()) {
      int properties = 0;
      for (const json::Value& part : all->get_array()) properties += merged(part, 0);
      if (properties > kOptionalMax) return refuse(fmt::format("`allOf` joins more than {} properties", kOptionalMax));
    }
    std::vector<const json::Value*> parts;
    for (const char* key : {"allOf", "items", "prefixItems"})
      if (const json::Value* list = object.if_contains(key); list && list->is_array())
        for (const json::Value& part : list->get_array()) parts.push_back(&part);
    for (const char* key : {"items", "additionalProperties"})
      if (const json::Value* part = object.if_contains(key)) parts.push_back(part);
    if (const json::Value* properties = object.if_contains("properties"))
      for (const auto& member : properties->get_object()) parts.push_back(&member.value());
    for (const json::Value* part : parts) {
      std::set<const json::Value*> open;
      TRY(follow(*part, open));
    }
    return {};
  }

  json::Value& root_;
  const Enforcement enforcement_;
  int nodes_ = 0, patterns_ = 0, repeats_ = 0, optionals_ = 0, enums_ = 0;
  std::map<const json::Value*, int> ways_;
  std::set<const json::Value*> unfinished_, checked_;
  bool recursive_ = false;
};

}  // namespace

Result<json::Value> check_schema(const json::Value& schema, Enforcement enforcement) {
  if (!schema.is_object()) return refuse("a schema must be an object");
  if (json::dump(schema).size() > kSchemaBytesMax) return refuse(fmt::format("the schema has more than {} bytes", kSchemaBytesMax));
  json::Value out = schema;
  TRY(Checker(out, enforcement).run());
  return out;
}

}  // namespace steward::model
