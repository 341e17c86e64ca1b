#include "steward/runs/run_record.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/core/hash.h"
#include "steward/core/ids.h"
#include "steward/core/yaml.h"
#include "steward/runs/lineage.h"

namespace steward::runs {
namespace {

namespace fs = std::filesystem;

struct NamedFile {
  std::string key, value;
};

/// Every text of the configuration that may name a file, with its key.
void collect_texts(const yaml::Node& node, const std::string& key, std::vector<NamedFile>& out) {
  if (node.is_scalar() && node.scalar.find_first_of("./") != std::string::npos) out.push_back({key, node.scalar});
  for (const yaml::Node& item : node.items) collect_texts(item, key, out);
  for (const auto& [name, value] : node.members) collect_texts(value, key.empty() ? name.scalar : key + "." + name.scalar, out);
}

/// The working directory's file of this name, or one of `folders`; empty: there is none.
std::string find_path(const std::string& name, const std::vector<std::string>& folders) {
  std::error_code error;
  if (fs::exists(name, error)) return name;
  for (const std::string& folder : folders)
    if (!folder.empty() && fs::exists(folder + "/" + name, error)) return folder + "/" + name;
  return "";
}

/// What every run writes, and nobody takes for its result.
bool is_result(const fs::directory_entry& entry) {
  const std::string name = entry.path().filename().string();
  return entry.is_regular_file() && !entry.is_symlink() && name != "config.yaml" && name != "log.jsonl" && name != "report.html" &&
         name != "run_id" && !name.starts_with("events.") && !name.ends_with(".tmp");
}

Result<json::Array> outputs_of(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
    const std::string name = fs::relative(entry.path(), folder, error).string();
    if (is_result(entry) && !name.starts_with("checkpoints/")) files.push_back(name);
  }
  std::sort(files.begin(), files.end());
  json::Array out;
  for (const std::string& file : files)
    out.emplace_back(json::Object{{"file", file}, {"sha256", TRY(sha256_file_hex(folder + "/" + file))}});
  return out;
}

}  // namespace

Result<std::string> RunRecord::id_of(const std::string& folder) const {
  const std::string path = folder + "/run_id";
  if (fs::exists(path)) {
    std::string id = TRY(read_file(path));
    while (!id.empty() && id.back() == '\n') id.pop_back();
    if (!id.empty()) return id;
  }
  const std::string id = make_uuid7(clock_);
  TRY(write_file_atomic(path, id + "\n"));
  return id;
}

Result<json::Array> RunRecord::inputs_of(const RunBeginning& beginning) const {
  std::vector<NamedFile> texts;
  const yaml::Node config = TRY(yaml::parse(beginning.config, "config.yaml"));
  collect_texts(config, "", texts);
  json::Array out;
  for (const auto& [key, value] : texts) {
    const std::string path = find_path(value, model_folders_);
    if (key == "model.base" && !path.empty()) {  // digested already, and large; it may be a folder
      if (const auto* base = beginning.origin.if_contains("base"); base && base->is_string())
        out.emplace_back(json::Object{{"key", key}, {"path", value}, {"sha256", *base}});
    } else if (!path.empty() && fs::is_regular_file(path)) {
      out.emplace_back(json::Object{{"key", key}, {"path", value}, {"sha256", TRY(sha256_file_hex(path))}});
    }
  }
  return out;
}

Result<json::Array> RunRecord::parents_of(const json::Array& inputs) const {
  json::Array out;
  if (!fs::exists(ledger_.database_path)) return out;
  const auto ledger = TRY(ledger::open_sqlite_ledger_read_only(ledger_));
  const Lineage lineage = TRY(Lineage::read(*ledger));
  for (const json::Value& input : inputs) {
    const auto makers = lineage.makers(std::string(input.at("sha256").as_string()));
    if (!makers.empty() && makers.back() != id_ && std::find(out.begin(), out.end(), json::Value(makers.back())) == out.end())
      out.emplace_back(makers.back());
  }
  return out;
}

Result<void> RunRecord::began(const RunBeginning& beginning) {
  id_ = TRY(id_of(beginning.folder));
  folder_ = beginning.folder;
  step_ = beginning.step;
  const json::Array inputs = TRY(inputs_of(beginning));
  std::error_code error;
  json::Object meta = beginning.origin;
  meta.erase("recipe");
  meta["folder"] = fs::absolute(beginning.folder, error).lexically_normal().string();
  meta["config_sha256"] = hex(sha256(beginning.config));
  meta["inputs"] = inputs;
  meta["parents"] = TRY(parents_of(inputs));
  meta["steps"] = beginning.steps;
  meta["from_step"] = beginning.step;
  return append(kStartedKind, std::move(meta));
}

void RunRecord::note(std::int64_t step, std::optional<std::int64_t> best_step, double best_value) {
  step_ = step;
  best_step_ = best_step;
  best_value_ = best_value;
}

Result<void> RunRecord::ended(const Result<void>& outcome) {
  if (!has_begun()) return {};
  if (!outcome) return append(kFailedKind, {{"step", step_}, {"error", outcome.error().message}});
  json::Object meta{{"step", step_}, {"outputs", TRY(outputs_of(folder_))}};
  if (best_step_ && std::isfinite(best_value_)) meta["best"] = json::Object{{"step", *best_step_}, {"validation", best_value_}};
  return append(kEndedKind, std::move(meta));
}

Result<void> RunRecord::append(const std::string& kind, json::Object meta) const {
  meta["run"] = id_;
  meta["recipe"] = recipe_;
  ledger::Event event;
  event.id = make_uuid7(clock_);
  event.time_us = clock_.now_us();
  event.kind = kind;
  event.meta = std::move(meta);
  TRY(ledger::append_beside_writer(ledger_, {std::move(event)}));
  return {};
}

}  // namespace steward::runs
