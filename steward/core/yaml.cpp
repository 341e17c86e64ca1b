#include "steward/core/yaml.h"

#include <algorithm>
#include <charconv>
#include <memory>

#include <fmt/format.h>
#include <libfyaml.h>

#include "steward/core/files.h"
#include "steward/core/utf8.h"

namespace steward::yaml {
namespace {

struct DiagDelete {
  void operator()(fy_diag* diag) const { fy_diag_destroy(diag); }
};
struct DocumentDelete {
  void operator()(fy_document* document) const { fy_document_destroy(document); }
};

bool is_core_null(std::string_view text) { return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL"; }

Node convert(fy_node* node, const std::string& file);

void convert_scalar(fy_node* node, Node& out) {
  std::size_t length = 0;
  const char* text = fy_node_get_scalar(node, &length);
  out.scalar.assign(text ? text : "", text ? length : 0);
  out.plain = fy_node_get_style(node) == FYNS_PLAIN || text == nullptr;
  out.alias = fy_node_is_alias(node);
  out.kind = out.plain && is_core_null(out.scalar) ? Node::Kind::kNull : Node::Kind::kScalar;
  if (fy_token* token = fy_node_get_scalar_token(node)) {
    if (const fy_mark* mark = fy_token_start_mark(token)) {
      out.where.line = mark->line + 1;
      out.where.column = mark->column + 1;
    }
  }
}

Node convert(fy_node* node, const std::string& file) {
  Node out;
  out.where.file = file;
  if (!node) return out;
  void* cursor = nullptr;
  switch (fy_node_get_type(node)) {
    case FYNT_SCALAR:
      convert_scalar(node, out);
      break;
    case FYNT_SEQUENCE:
      out.kind = Node::Kind::kSequence;
      while (fy_node* item = fy_node_sequence_iterate(node, &cursor)) out.items.push_back(convert(item, file));
      if (!out.items.empty()) out.where = out.items.front().where;
      break;
    case FYNT_MAPPING:
      out.kind = Node::Kind::kMapping;
      while (fy_node_pair* pair = fy_node_mapping_iterate(node, &cursor)) {
        Node key = convert(fy_node_pair_key(pair), file);
        Node value = convert(fy_node_pair_value(pair), file);
        if (value.where.line == 0) value.where = key.where;
        out.members.push_back(Member{std::move(key), std::move(value)});
      }
      if (!out.members.empty()) out.where = out.members.front().key.where;
      break;
  }
  return out;
}

Error first_error(fy_diag* diag, const std::string& file) {
  void* cursor = nullptr;
  if (const fy_diag_error* error = fy_diag_errors_iterate(diag, &cursor))
    return Error{ErrorCode::kInvalidInput, fmt::format("{}:{}:{}: {}", file, error->line, error->column, error->msg), {}};
  return Error{ErrorCode::kInvalidInput, file + ":1:1: this is not YAML", {}};
}

Result<void> check_structure(const Node& node) {
  if (node.alias) return fail_at(node, "aliases (*name) are not read here: write the value out");
  for (const Node& item : node.items) TRY(check_structure(item));
  for (std::size_t i = 0; i < node.members.size(); ++i) {
    const auto& [key, value] = node.members[i];
    if (!key.is_scalar()) return fail_at(key, "a key must be a plain word");
    for (std::size_t j = 0; j < i; ++j)
      if (node.members[j].key.scalar == key.scalar) return fail_at(key, fmt::format("the key '{}' stands twice: keep one", key.scalar));
    TRY(check_structure(value));
  }
  return {};
}

/// False for nothing but white space and comments.
bool has_content(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end);
    const std::size_t first = line.find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos && line[first] != '#') return true;
  }
  return false;
}

/// What the library must not see: it hangs on directives with letters beyond ASCII, and reads bytes that are no text.
Result<void> check_text(std::string_view text, const std::string& file) {
  const auto bad = find_invalid_utf8(text);
  int line = 1;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (bad && at == *bad)
      return fail(ErrorCode::kInvalidInput, fmt::format("{}:{}:1: this line is not UTF-8: save the file as UTF-8", file, line));
    if (text[at] == '%' && (at == 0 || text[at - 1] == '\n' || text[at - 1] == '\r'))
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{}:{}:1: YAML directives (a line that begins with %) are not read here: take it out", file, line));
    line += text[at] == '\n' ? 1 : 0;
  }
  return {};
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string to_string(const Location& where) {
  return where.line > 0 ? fmt::format("{}:{}:{}", where.file, where.line, where.column) : where.file;
}

tl::unexpected<Error> fail_at(const Node& node, std::string_view message) {
  return fail(ErrorCode::kInvalidInput, fmt::format("{}: {}", to_string(node.where), message));
}

Node::Node() = default;
Node::Node(const Node&) = default;
Node::Node(Node&&) noexcept = default;
Node& Node::operator=(const Node&) = default;
Node& Node::operator=(Node&&) noexcept = default;
Node::~Node() = default;

const Node* Node::find(std::string_view key) const {
  for (const auto& [name, value] : members)
    if (name.scalar == key) return &value;
  return nullptr;
}

Result<std::string> Node::as_string() const {
  if (kind != Kind::kScalar) return fail_at(*this, "write one piece of text here, in quotes if it holds ': ' or '#'");
  return scalar;
}

Result<bool> Node::as_bool() const {
  if (plain && (scalar == "true" || scalar == "True" || scalar == "TRUE")) return true;
  if (plain && (scalar == "false" || scalar == "False" || scalar == "FALSE")) return false;
  return fail_at(*this, "write true or false here, without quotes");
}

Result<std::int64_t> Node::as_integer() const {
  std::int64_t value = 0;
  const std::string_view digits = scalar.starts_with('+') ? std::string_view(scalar).substr(1) : std::string_view(scalar);
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (!plain || error != std::errc{} || rest != digits.data() + digits.size())
    return fail_at(*this, "write a whole number here, without quotes");
  return value;
}

Result<double> Node::as_number() const {
  double value = 0;
  const auto [rest, error] = std::from_chars(scalar.data(), scalar.data() + scalar.size(), value);
  if (!plain || error != std::errc{} || rest != scalar.data() + scalar.size()) return fail_at(*this, "write a number here, such as 0.85");
  return value;
}

Result<std::vector<std::string>> Node::as_strings() const {
  if (kind == Kind::kScalar) return std::vector<std::string>{scalar};
  if (kind != Kind::kSequence) return fail_at(*this, "write a list here, such as [en, hi]");
  std::vector<std::string> out;
  for (const Node& item : items) out.push_back(TRY(item.as_string()));
  return out;
}

Result<Node> parse(std::string_view text, const std::string& file) {
  if (!has_content(text)) return fail(ErrorCode::kInvalidInput, file + ":1:1: the file is empty");
  TRY(check_text(text, file));
  fy_diag_cfg diag_config;
  fy_diag_cfg_default(&diag_config);
  diag_config.fp = nullptr;
  diag_config.output_fn = [](fy_diag*, void*, const char*, std::size_t) {};  // errors are collected; the library's own words stay inside
  std::unique_ptr<fy_diag, DiagDelete> diag(fy_diag_create(&diag_config));
  fy_diag_set_collect_errors(diag.get(), true);
  fy_parse_cfg config{};
  config.flags = static_cast<fy_parse_cfg_flags>(FYPCF_QUIET | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE | FYPCF_ALLOW_DUPLICATE_KEYS);
  config.diag = diag.get();
  std::unique_ptr<fy_document, DocumentDelete> document(fy_document_build_from_string(&config, text.data(), text.size()));
  if (!document) return fail(first_error(diag.get(), file));
  Node root = convert(fy_document_root(document.get()), file);
  TRY(check_structure(root));
  return root;
}

Result<Node> parse_file(const std::string& path) {
  const std::string text = TRY(read_file(path, 16u << 20));
  return parse(text, path);
}

std::string unknown_key(std::string_view key, std::span<const std::string_view> known, std::string_view what) {
  const auto nearest =
      std::min_element(known.begin(), known.end(), [&](auto a, auto b) { return edit_distance(key, a) < edit_distance(key, b); });
  return edit_distance(key, *nearest) <= 2 ? fmt::format("unknown key '{}' in {}: did you mean '{}'?", key, what, *nearest)
                                           : fmt::format("unknown key '{}' in {}; known: {}", key, what, fmt::join(known, ", "));
}

Result<void> check_keys(const Node& node, std::span<const std::string_view> known, std::string_view what) {
  if (!node.is_mapping()) return fail_at(node, fmt::format("{} must be a mapping of keys to values", what));
  for (const auto& [key, value] : node.members)
    if (std::find(known.begin(), known.end(), key.scalar) == known.end()) return fail_at(key, unknown_key(key.scalar, known, what));
  return {};
}

Result<void> check_keys(const Node& node, std::initializer_list<std::string_view> known, std::string_view what) {
  return check_keys(node, std::span(known.begin(), known.size()), what);
}

json::Value to_json(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return nullptr;
    case Node::Kind::kSequence: {
      json::Array out;
      for (const Node& item : node.items) out.push_back(to_json(item));
      return out;
    }
    case Node::Kind::kMapping: {
      json::Object out;
      for (const auto& [key, value] : node.members) out[key.scalar] = to_json(value);
      return out;
    }
    case Node::Kind::kScalar:
      break;
  }
  if (node.plain) {
    if (auto value = node.as_bool()) return *value;
    if (auto value = node.as_integer()) return *value;
    if (auto value = node.as_number()) return *value;
  }
  return json::Value(node.scalar);
}

}  // namespace steward::yaml
