#include "steward/runs/lineage.h"

#include <algorithm>

#include <fmt/format.h>

#include "steward/core/clock.h"

namespace steward::runs {
namespace {

std::string text_at(const json::Object& object, std::string_view key) {
  const json::Value* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int64_t count_at(const json::Object& object, std::string_view key) {
  const json::Value* value = object.if_contains(key);
  return value && value->is_int64() ? value->get_int64() : 0;
}

std::vector<const json::Object*> objects_at(const json::Object& object, std::string_view key) {
  std::vector<const json::Object*> out;
  if (const json::Value* value = object.if_contains(key); value && value->is_array())
    for (const json::Value& item : value->get_array())
      if (item.is_object()) out.push_back(&item.get_object());
  return out;
}

void add_once(std::vector<std::string>& all, const std::string& one) {
  if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
}

std::string time_text(std::int64_t time_us) { return time_us == 0 ? "" : format_utc(time_us).substr(0, 19); }

/// "120 rows: 100 trained on, 10 validate, 4 without consent; licence CC-BY-4.0"
std::string describe_data(const json::Object& file) {
  std::string out = fmt::format("{} rows: {} to train on, {} for validation", count_at(file, "rows"), count_at(file, "train"),
                                count_at(file, "validation"));
  for (const auto& [key, words] : {std::pair{"test", "for tests"}, std::pair{"no_consent", "without consent"},
                                   std::pair{"bad", "bad and left out"}, std::pair{"dropped", "too long"}})
    if (const std::int64_t count = count_at(file, key); count > 0) out += fmt::format(", {} {}", count, words);
  const std::string license = text_at(file, "license");
  return out + "; licence " + (license.empty() ? "not named (data.licenses)" : license);
}

/// What the run knows of one of its inputs, beside the digest.
std::string describe_input(const RecordedRun& run, const Origin::Input& input) {
  if (input.key == "model.base") {
    const json::Value* model = run.started.if_contains("model");
    if (!model || !model->is_object()) return "";
    const std::string license = text_at(model->get_object(), "license");
    return fmt::format("{}, licence {}", text_at(model->get_object(), "name"), license.empty() ? "not named in the file" : license);
  }
  for (const json::Object* file : objects_at(run.started, "files"))
    if (text_at(*file, "path") == input.origin->path) return describe_data(*file);
  return "";
}

std::string state_of(const RecordedRun& run) {
  if (run.ended.empty()) return "has not ended";
  if (run.failed) return fmt::format("failed at step {}: {}", count_at(run.ended, "step"), text_at(run.ended, "error"));
  std::string out = fmt::format("ended {} after {} steps", time_text(run.ended_us), count_at(run.ended, "step"));
  if (const json::Value* best = run.ended.if_contains("best"); best && best->is_object())
    if (const json::Value* value = best->get_object().if_contains("validation"); value && value->is_number())
      out += fmt::format(", best validation {:.4g} at step {}", value->to_number<double>(), count_at(best->get_object(), "step"));
  return out;
}

void write_text(const Origin& origin, const std::string& indent, std::string& out) {
  if (!origin.run) return;
  const RecordedRun& run = *origin.run;
  out += fmt::format("{}made by run {} ({}): began {}, {}\n", indent, run.id, run.recipe, time_text(run.started_us), state_of(run));
  out += fmt::format("{}  configuration  sha256 {}\n", indent, text_at(run.started, "config_sha256"));
  if (const std::string rows = text_at(run.started, "data"); !rows.empty())
    out += fmt::format("{}  rows learned   sha256 {}\n", indent, rows);
  for (const Origin::Input& input : origin.inputs) {
    const std::string known = describe_input(run, input);
    out += fmt::format("{}  {}  {}  sha256 {}{}{}\n", indent, input.key, input.origin->path, input.origin->sha256,
                       known.empty() ? "" : "\n", known.empty() ? "" : fmt::format("{}    {}", indent, known));
    write_text(*input.origin, indent + "    ", out);
  }
}

}  // namespace

void Lineage::add(const ledger::StoredEvent& stored) {
  const ledger::Event& event = stored.event;
  RecordedRun& run = runs_[text_at(event.meta, "run")];
  run.id = text_at(event.meta, "run");
  run.recipe = text_at(event.meta, "recipe");
  if (event.kind == kStartedKind) {
    if (run.started_us == 0) run.started_us = event.time_us;
    run.started = event.meta;
    run.ended = {};
    run.ended_us = 0;
    for (const json::Object* input : objects_at(event.meta, "inputs")) add_once(users_[text_at(*input, "sha256")], run.id);
    return;
  }
  run.ended = event.meta;
  run.ended_us = event.time_us;
  run.failed = event.kind == kFailedKind;
  for (const json::Object* output : objects_at(event.meta, "outputs")) add_once(makers_[text_at(*output, "sha256")], run.id);
}

Result<Lineage> Lineage::read(const ledger::Ledger& ledger) {
  std::vector<ledger::StoredEvent> events;
  for (const char* kind : {kStartedKind, kEndedKind, kFailedKind}) {
    ledger::Query query;
    query.kind = kind;
    query.limit = 4096;
    for (auto page = TRY(ledger.read(query)); !page.empty(); page = TRY(ledger.read(query))) {
      query.after_sequence = page.back().sequence;
      std::move(page.begin(), page.end(), std::back_inserter(events));
    }
  }
  std::sort(events.begin(), events.end(), [](const auto& a, const auto& b) { return a.sequence < b.sequence; });
  Lineage out;
  for (const ledger::StoredEvent& event : events) out.add(event);
  return out;
}

std::vector<std::string> Lineage::makers(const std::string& sha256) const {
  const auto found = makers_.find(sha256);
  return found == makers_.end() ? std::vector<std::string>{} : found->second;
}

std::vector<std::string> Lineage::users(const std::string& sha256) const {
  const auto found = users_.find(sha256);
  return found == users_.end() ? std::vector<std::string>{} : found->second;
}

Origin Lineage::trace(const std::string& path, const std::string& sha256) const {
  std::vector<std::string> above;
  return trace_beyond(path, sha256, above);
}

Origin Lineage::trace_beyond(const std::string& path, const std::string& sha256, std::vector<std::string>& above) const {
  Origin out;
  out.path = path;
  out.sha256 = sha256;
  const auto ids = makers(sha256);
  // A run that is gone on with may read what it wrote.
  if (ids.empty() || std::find(above.begin(), above.end(), ids.back()) != above.end()) return out;
  out.run = &runs_.at(ids.back());
  above.push_back(ids.back());
  for (const json::Object* input : objects_at(out.run->started, "inputs"))
    out.inputs.push_back(
        {text_at(*input, "key"), std::make_unique<Origin>(trace_beyond(text_at(*input, "path"), text_at(*input, "sha256"), above))});
  above.pop_back();
  return out;
}

std::string to_text(const Origin& origin) {
  std::string out = fmt::format("{}  sha256 {}\n", origin.path, origin.sha256);
  write_text(origin, "  ", out);
  return out;
}

json::Object to_json(const Origin& origin) {
  json::Object out{{"file", origin.path}, {"sha256", origin.sha256}};
  if (!origin.run) return out;
  json::Object facts = origin.run->started;
  for (const char* key : {"inputs", "run", "recipe"}) facts.erase(key);
  json::Object run{
      {"id", origin.run->id}, {"recipe", origin.run->recipe}, {"started", time_text(origin.run->started_us)}, {"facts", std::move(facts)}};
  if (!origin.run->ended.empty()) {
    json::Object result = origin.run->ended;
    for (const char* key : {"run", "recipe"}) result.erase(key);
    run[origin.run->failed ? "failed" : "ended"] = time_text(origin.run->ended_us);
    run["result"] = std::move(result);
  }
  json::Array inputs;
  for (const Origin::Input& input : origin.inputs) {
    json::Object one = to_json(*input.origin);
    one["key"] = input.key;
    inputs.emplace_back(std::move(one));
  }
  run["inputs"] = std::move(inputs);
  out["run"] = std::move(run);
  return out;
}

}  // namespace steward::runs
