#include "steward/classify/dataset.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "steward/core/hash.h"
#include "steward/core/json.h"
#include "steward/core/packed_lines.h"
#include "steward/core/yaml.h"

namespace steward::classify {
namespace {

std::string packed_path(const std::string& folder, const std::string& set) { return folder + "/" + set + ".jsonl.zst"; }

Result<void> read_text(const yaml::Node& node, std::string_view key, std::string& out) {
  if (const yaml::Node* value = node.find(key)) out = TRY(value->as_string());
  return {};
}

Result<void> read_labels(const yaml::Node& node, std::string_view key, std::vector<std::size_t>& out) {
  const yaml::Node* list = node.find(key);
  if (!list) return {};
  for (const std::string& name : TRY(list->as_strings())) {
    const auto label = label_index(name);
    if (!label) return yaml::fail_at(*list, fmt::format("there is no label '{}'", name));
    out.push_back(*label);
  }
  return {};
}

Result<SetInfo> read_set(const yaml::Node& node) {
  TRY(yaml::check_keys(node,
                       {"set", "from", "made_by", "group", "licence", "tier", "task", "label", "field", "cluster", "part", "trains",
                        "rows_max", "only", "drop", "zero", "note"},
                       "a data set"));
  SetInfo info;
  TRY(read_text(node, "set", info.name));
  if (info.name.empty()) return yaml::fail_at(node, "a data set needs its name: `set: …`");
  info.group = info.from = info.name;
  TRY(read_text(node, "from", info.from));
  TRY(read_text(node, "made_by", info.made_by));
  TRY(read_text(node, "group", info.group));
  TRY(read_text(node, "licence", info.licence));
  TRY(read_text(node, "tier", info.tier));
  TRY(read_text(node, "task", info.task));
  TRY(read_text(node, "label", info.label));
  TRY(read_text(node, "field", info.field));
  TRY(read_text(node, "cluster", info.cluster));
  TRY(read_text(node, "note", info.note));
  if (const yaml::Node* part = node.find("part")) {
    const std::string name = TRY(part->as_string());
    if (name != "prompt" && name != "reply" && name != "data") return yaml::fail_at(*part, "`part` is prompt, reply or data");
    info.part = name == "reply" ? Part::kReply : name == "data" ? Part::kData : Part::kPrompt;
  }
  if (const yaml::Node* trains = node.find("trains")) info.trains = TRY(trains->as_bool());
  if (const yaml::Node* rows = node.find("rows_max")) info.rows_max = static_cast<std::size_t>(TRY(rows->as_integer()));
  if (const yaml::Node* only = node.find("only"))
    for (const yaml::Member& member : only->members) info.only.emplace_back(member.key.scalar, TRY(member.value.as_strings()));
  TRY(read_labels(node, "drop", info.drop));
  TRY(read_labels(node, "zero", info.zero));
  if (info.licence.empty() || (info.tier != "A" && info.tier != "B"))
    return yaml::fail_at(node, fmt::format("'{}' needs its `licence` and its `tier`, A or B", info.name));
  if (!info.label.empty() && !label_index(info.label)) return yaml::fail_at(node, fmt::format("there is no label '{}'", info.label));
  return info;
}

Result<json::Object> parse_row(const std::string& line, const std::string& where) {
  auto value = json::parse(line);
  if (!value || !value->is_object()) return fail(ErrorCode::kInvalidInput, where + ": a line must be one JSON object");
  return std::move(value->as_object());
}

/// An attack in a prompt is one in data, too, and data that ask for nothing are no attack in a prompt. What else a prompt asks for says
/// nothing of data that ask for it, and the other way round.
void apply_part(Part part, Targets& targets) {
  constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();
  float &attack = targets.value[*label_index("attack")], &injection = targets.value[*label_index("injection")];
  if (part == Part::kData)
    attack = injection < 0.5F ? 0 : kUnknown;
  else
    injection = attack >= 0.5F ? attack : kUnknown;
}

Result<Targets> read_targets(const json::Object& row, const SetInfo& info, const std::string& where) {
  Targets targets;
  for (const std::size_t label : info.zero) targets.value[label] = 0;
  if (const json::Object* labels = TRY(json::get_object(row, "labels"))) {
    for (const auto& [name, value] : *labels) {
      const auto label = label_index(name);
      if (!label || std::find(info.drop.begin(), info.drop.end(), *label) != info.drop.end()) continue;
      if (!value.is_number()) return fail(ErrorCode::kInvalidInput, fmt::format("{}: a label must be a number from 0 to 1", where));
      targets.value[*label] = value.to_number<float>();
    }
  }
  complete(targets);
  apply_part(info.part, targets);
  return targets;
}

/// True if the row is one of those that the set's `only` names.
Result<bool> is_taken(const json::Object& row, const SetInfo& info) {
  for (const auto& [field, values] : info.only) {
    const auto value = TRY(json::get_string(row, field));
    if (!value || std::find(values.begin(), values.end(), *value) == values.end()) return false;
  }
  return true;
}

std::string string_or(const json::Object& row, std::string_view key) {
  const json::Value* value = key.empty() ? nullptr : row.if_contains(key);
  return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

struct Row {
  std::uint64_t order;
  std::string language;
  std::string line;
};

/// The rows of one set that are taken, in the order of their ids' hashes.
Result<std::vector<Row>> take_rows(const SetInfo& info, const std::string& path) {
  std::vector<Row> rows;
  std::size_t number = 0;
  for (const std::string& line : TRY(read_packed_lines(path))) {
    const std::string where = fmt::format("{}:{}", info.name, ++number);
    const json::Object row = TRY(parse_row(line, where));
    const std::string text = string_or(row, info.field);
    if (text.empty() || !TRY(is_taken(row, info))) continue;
    const std::string id = string_or(row, "id");
    const std::string language = string_or(row, "lang");
    json::Object out{{"id", id}, {"text", text}, {"lang", language}, {"split", string_or(row, "split")}};
    if (const json::Value* labels = row.if_contains("labels")) out["labels"] = *labels;
    if (const std::string cluster = string_or(row, info.cluster); !cluster.empty()) out["cluster"] = hex(sha256(cluster)).substr(0, 12);
    rows.push_back({hash64(id + info.name), language, json::dump(out)});
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return std::tie(a.order, a.line) < std::tie(b.order, b.line); });
  return rows;
}

}  // namespace

bool asked_of(std::size_t label, Part part) {
  if (kLabels[label] == "attack") return part != Part::kData;
  if (kLabels[label] == "injection") return part == Part::kData;
  return true;
}

Result<std::vector<SetInfo>> read_sets(const std::string& path) {
  const yaml::Node root = TRY(yaml::parse_file(path));
  if (!root.is_sequence()) return yaml::fail_at(root, "the file must be a list of data sets");
  std::vector<SetInfo> sets;
  for (const yaml::Node& node : root.items) sets.push_back(TRY(read_set(node)));
  return sets;
}

Result<DataSet> read_data_set(const SetInfo& info, const std::string& folder) {
  DataSet set{info, {}};
  std::size_t number = 0;
  for (const std::string& line : TRY(read_packed_lines(packed_path(folder, info.name)))) {
    const std::string where = fmt::format("{}:{}", info.name, ++number);
    const json::Object row = TRY(parse_row(line, where));
    Example example;
    example.id = string_or(row, "id");
    example.text = string_or(row, "text");
    if (example.id.empty() || example.text.empty()) return fail(ErrorCode::kInvalidInput, where + ": a row needs its id and its text");
    example.targets = TRY(read_targets(row, info, where));
    example.language = string_or(row, "lang");
    example.split = string_or(row, "split");
    example.cluster = string_or(row, "cluster");
    if (example.cluster.empty()) example.cluster = example.id;
    set.examples.push_back(std::move(example));
  }
  return set;
}

Result<std::vector<DataSet>> read_data(const std::string& folder) {
  std::vector<DataSet> out;
  for (const SetInfo& info : TRY(read_sets(folder + "/sets.yaml"))) out.push_back(TRY(read_data_set(info, folder)));
  return out;
}

Result<std::vector<std::string>> prepare_data(const std::string& collection, const std::string& folder) {
  std::vector<std::string> report;
  for (const SetInfo& info : TRY(read_sets(folder + "/sets.yaml"))) {
    if (!info.made_by.empty()) {
      report.push_back(fmt::format("{}: made by {}", info.name, info.made_by));
      continue;
    }
    std::map<std::string, std::size_t> taken;
    std::vector<std::string> lines;
    for (Row& row : TRY(take_rows(info, packed_path(collection, info.from))))
      if (info.rows_max == 0 || taken[row.language] < info.rows_max) {
        ++taken[row.language];
        lines.push_back(std::move(row.line));
      }
    if (lines.empty())
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("no row of '{}' has a text in '{}': see its field and only", info.name, info.field));
    TRY(write_packed_lines(packed_path(folder, info.name), lines));
    report.push_back(fmt::format("{}: {} rows", info.name, lines.size()));
  }
  return report;
}

}  // namespace steward::classify
