#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "steward/core/json.h"
#include "steward/core/result.h"

/// YAML 1.2, core schema, with the place of every node. The project's one face of libfyaml.
namespace steward::yaml {

struct Location {
  std::string file;
  int line = 0;    ///< from 1; 0 when unknown
  int column = 0;  ///< from 1
};
std::string to_string(const Location& where);

struct Member;

struct Node {
  enum class Kind { kNull, kScalar, kSequence, kMapping };
  Kind kind = Kind::kNull;
  std::string scalar;
  bool plain = false;  ///< unquoted, so that true, 12 and ~ are a boolean, a number, null
  bool alias = false;  ///< never true in what parse() returns: aliases are refused
  Location where;
  std::vector<Node> items;      ///< of a sequence
  std::vector<Member> members;  ///< of a mapping, in file order, keys unique

  Node();
  Node(const Node&);
  Node(Node&&) noexcept;
  Node& operator=(const Node&);
  Node& operator=(Node&&) noexcept;
  ~Node();

  const Node* find(std::string_view key) const;
  bool is_null() const { return kind == Kind::kNull; }
  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_sequence() const { return kind == Kind::kSequence; }
  bool is_mapping() const { return kind == Kind::kMapping; }

  /// Each fails with kInvalidInput, the place, and what to write instead.
  Result<std::string> as_string() const;
  Result<bool> as_bool() const;  ///< true | false (plain); `yes`, `NO`, `off` are strings
  Result<std::int64_t> as_integer() const;
  Result<double> as_number() const;
  Result<std::vector<std::string>> as_strings() const;  ///< a sequence of scalars; one scalar counts as a list of one
};

struct Member {
  Node key;
  Node value;
};

/// Errors: kInvalidInput "file:line:column: …" for bad syntax, duplicate keys, several documents.
Result<Node> parse(std::string_view text, const std::string& file);
Result<Node> parse_file(const std::string& path);

/// kInvalidInput at `node`'s place.
tl::unexpected<Error> fail_at(const Node& node, std::string_view message);
/// Fails on the first key of `node` that is not in `known`, and names the nearest known one.
Result<void> check_keys(const Node& node, std::initializer_list<std::string_view> known, std::string_view what);
Result<void> check_keys(const Node& node, std::span<const std::string_view> known, std::string_view what);
/// What to say of a key that is not in `known`, which is not empty: the nearest one, or all of them.
std::string unknown_key(std::string_view key, std::span<const std::string_view> known, std::string_view what);

json::Value to_json(const Node& node);

}  // namespace steward::yaml
