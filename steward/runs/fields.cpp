#include "steward/runs/fields.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "steward/core/check.h"

namespace steward::runs {
namespace {

/// Text that YAML reads back as the same text.
std::string print_text(const std::string& text) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '/';
  };
  const auto is_inner = [&](char c) { return is_plain(c) || c == '-'; };
  const bool plain = !text.empty() && is_plain(text[0]) && std::all_of(text.begin(), text.end(), is_inner) && text != "null" &&
                     text != "Null" && text != "NULL";
  if (plain) return text;
  std::string out;
  json::append_string(out, text);
  return out;
}

template <class T, class Print>
std::string print_list(const std::vector<T>& values, const Print& print) {
  std::string out = "[";
  for (const T& value : values) (out += out.size() > 1 ? ", " : "") += print(value);
  return out + "]";
}

std::string print_number(double value) { return fmt::format("{}", value); }

std::string range_text(std::string_view what, Range range) {
  const bool below = std::isfinite(range.least), above = std::isfinite(range.most);
  if (below && above) return fmt::format("{} from {} to {}", what, range.least, range.most);
  if (below) return fmt::format("{}, at least {}", what, range.least);
  if (above) return fmt::format("{}, at most {}", what, range.most);
  return std::string(what);
}

Result<void> check_range(const yaml::Node& node, double value, Range range, const std::string& kind) {
  if (value >= range.least && value <= range.most) return {};
  return yaml::fail_at(node, fmt::format("write a {}", kind));
}

/// `part` of "a.b.c" after the prefix "a." is "b".
std::string_view part_after(std::string_view key, std::string_view prefix) {
  const std::string_view rest = key.substr(prefix.size());
  return rest.substr(0, rest.find('.'));
}

std::string indent_of(const std::string& prefix) {
  return std::string(2 * static_cast<std::size_t>(std::count(prefix.begin(), prefix.end(), '.')), ' ');
}

}  // namespace

Fields::Field& Fields::Field::required() {
  must = true;
  return *this;
}

Fields::Field& Fields::add(std::string key, std::string doc, std::string kind) {
  STEWARD_CHECK(!find(key));
  fields_.push_back(std::make_unique<Field>());
  Field& field = *fields_.back();
  field.key = std::move(key);
  field.doc = std::move(doc);
  field.kind = std::move(kind);
  return field;
}

Fields::Field& Fields::text(std::string key, std::string& value, std::string doc) {
  Field& field = add(std::move(key), std::move(doc), "text");
  field.read = [&value](const yaml::Node& node) -> Result<void> {
    value = TRY(node.as_string());
    return {};
  };
  field.print = [&value] { return print_text(value); };
  field.default_text = field.print();
  return field;
}

Fields::Field& Fields::choice(std::string key, std::string& value, std::vector<std::string> choices, std::string doc) {
  Field& field = add(std::move(key), std::move(doc), fmt::format("one of {}", fmt::join(choices, ", ")));
  field.read = [&value, choices, kind = field.kind](const yaml::Node& node) -> Result<void> {
    std::string name = TRY(node.as_string());
    if (std::find(choices.begin(), choices.end(), name) == choices.end()) return yaml::fail_at(node, fmt::format("write {}", kind));
    value = std::move(name);
    return {};
  };
  field.print = [&value] { return print_text(value); };
  field.default_text = field.print();
  return field;
}

Fields::Field& Fields::integer(std::string key, std::int64_t& value, Range range, std::string doc) {
  Field& field = add(std::move(key), std::move(doc), range_text("whole number", range));
  field.read = [&value, range, kind = field.kind](const yaml::Node& node) -> Result<void> {
    const std::int64_t number = TRY(node.as_integer());
    TRY(check_range(node, static_cast<double>(number), range, kind));
    value = number;
    return {};
  };
  field.print = [&value] { return std::to_string(value); };
  field.default_text = field.print();
  return field;
}

Fields::Field& Fields::integer(std::string key, int& value, Range range, std::string doc) {
  range.least = std::max<double>(range.least, std::numeric_limits<int>::min());
  range.most = std::min<double>(range.most, std::numeric_limits<int>::max());
  Field& field = add(std::move(key), std::move(doc), range_text("whole number", range));
  field.read = [&value, range, kind = field.kind](const yaml::Node& node) -> Result<void> {
    const std::int64_t number = TRY(node.as_integer());
    TRY(check_range(node, static_cast<double>(number), range, kind));
    value = static_cast<int>(number);
    return {};
  };
  field.print = [&value] { return std::to_string(value); };
  field.default_text = field.print();
  return field;
}

Fields::Field& Fields::number(std::string key, double& value, Range range, std::string doc) {
  Field& field = add(std::move(key), std::move(doc), range_text("number", range));
  field.read = [&value, range, kind = field.kind](const yaml::Node& node) -> Result<void> {
    const double number = TRY(node.as_number());
    TRY(check_range(node, number, range, kind));
    value = number;
    return {};
  };
  field.print = [&value] { return print_number(value); };
  field.default_text = field.print();
  return field;
}

Fields::Field& Fields::boolean(std::string key, bool& value, std::string doc) {
  Field& field = add(std::move(key), std::move(doc), "true or false");
  field.read = [&value](const yaml::Node& node) -> Result<void> {
    value = TRY(node.as_bool());
    return {};
  };
  field.print = [&value] { return std::string(value ? "true" : "false"); };
  field.default_text = field.print();
  return field;
}

Fields::Field& Fields::texts(std::string key, std::vector<std::string>& value, std::string doc) {
  Field& field = add(std::move(key), std::move(doc), "list of texts");
  field.read = [&value](const yaml::Node& node) -> Result<void> {
    value = TRY(node.as_strings());
    return {};
  };
  field.print = [&value] { return print_list(value, print_text); };
  field.default_text = field.print();
  return field;
}

Fields::Field& Fields::numbers(std::string key, std::vector<double>& value, Range range, std::string doc) {
  Field& field = add(std::move(key), std::move(doc), "list of numbers, each a " + range_text("number", range));
  field.read = [&value, range, kind = range_text("number", range)](const yaml::Node& node) -> Result<void> {
    if (!node.is_sequence()) return yaml::fail_at(node, "write a list of numbers here, such as [0.9, 0.1]");
    std::vector<double> out;
    for (const yaml::Node& item : node.items) {
      out.push_back(TRY(item.as_number()));
      TRY(check_range(item, out.back(), range, kind));
    }
    value = std::move(out);
    return {};
  };
  field.print = [&value] { return print_list(value, print_number); };
  field.default_text = field.print();
  return field;
}

Fields::Field* Fields::find(std::string_view key) const {
  for (const auto& field : fields_)
    if (field->key == key) return field.get();
  return nullptr;
}

/// Names that may stand in the mapping of `prefix` ("" or "a."), each once, in the order declared.
std::vector<std::string_view> Fields::keys_of_mapping(const std::string& prefix) const {
  std::vector<std::string_view> out;
  for (const auto& field : fields_) {
    if (!field->key.starts_with(prefix)) continue;
    const std::string_view part = part_after(field->key, prefix);
    if (std::find(out.begin(), out.end(), part) == out.end()) out.push_back(part);
  }
  return out;
}

Result<void> Fields::read(const yaml::Node& root) { return read_mapping(root, ""); }

Result<void> Fields::read_mapping(const yaml::Node& node, const std::string& prefix) {
  const std::string what = prefix.empty() ? "the configuration" : "'" + prefix.substr(0, prefix.size() - 1) + "'";
  TRY(yaml::check_keys(node, keys_of_mapping(prefix), what));
  for (const auto& [key, value] : node.members) {
    const std::string name = prefix + key.scalar;
    Field* field = find(name);
    if (!field) {
      TRY(read_mapping(value, name + "."));
      continue;
    }
    TRY(field->read(value));
    field->given = true;
  }
  return {};
}

Result<void> Fields::set(const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0)
    return fail(ErrorCode::kInvalidInput, fmt::format("--set {}: write it as key=value", assignment));
  const std::string key = assignment.substr(0, equals), value = assignment.substr(equals + 1);
  Field* field = find(key);
  if (!field) {
    std::vector<std::string_view> known;
    for (const auto& each : fields_) known.push_back(each->key);
    return fail(ErrorCode::kInvalidInput, fmt::format("--set {}: {}", assignment, yaml::unknown_key(key, known, "the configuration")));
  }
  yaml::Node node;
  if (value.find_first_not_of(" \t") == std::string::npos) {
    node.kind = yaml::Node::Kind::kScalar;
    node.where = {"--set " + assignment, 1, 1};
  } else {
    node = TRY(yaml::parse(value, "--set " + assignment));
  }
  TRY(field->read(node));
  field->given = true;
  return {};
}

Result<void> Fields::check_required() const {
  std::vector<std::string_view> missing;
  for (const auto& field : fields_)
    if (field->must && !field->given) missing.push_back(field->key);
  if (missing.empty()) return {};
  return fail(ErrorCode::kInvalidInput,
              fmt::format("the configuration lacks {}: write them in the file or with --set key=value", fmt::join(missing, ", ")));
}

std::string Fields::print_mapping(const std::string& prefix, Comments comments) const {
  std::string out;
  const std::string indent = indent_of(prefix);
  for (const std::string_view part : keys_of_mapping(prefix)) {
    const std::string name = prefix + std::string(part);
    const Field* field = find(name);
    if (!field) {
      out += fmt::format("{}{}:\n{}", indent, part, print_mapping(name + ".", comments));
      continue;
    }
    if (comments == Comments::kAll)
      out += fmt::format("{}# {} ({}; {})\n", indent, field->doc, field->kind, field->must ? "required" : "default " + field->default_text);
    out += fmt::format("{}{}: {}\n", indent, part, field->print());
  }
  return out;
}

std::string Fields::print() const { return print_mapping("", Comments::kNone); }
std::string Fields::document() const { return print_mapping("", Comments::kAll); }

Result<void> read_config(Fields& fields, const std::string& path, const std::vector<std::string>& overrides) {
  if (!path.empty()) {
    const yaml::Node root = TRY(yaml::parse_file(path));
    TRY(fields.read(root));
  }
  for (const std::string& assignment : overrides) TRY(fields.set(assignment));
  return {};
}

Result<void> load_config(Fields& fields, const std::string& path, const std::vector<std::string>& overrides) {
  TRY(read_config(fields, path, overrides));
  return fields.check_required();
}

}  // namespace steward::runs
