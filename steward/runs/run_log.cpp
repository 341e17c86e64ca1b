#include "steward/runs/run_log.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "steward/core/check.h"
#include "steward/core/files.h"
#include "steward/core/json.h"
#include "steward/runs/appended_file.h"
#include "steward/runs/event_file.h"

namespace steward::runs {
namespace {

std::string line_of(const StepRecord& record) {
  std::string out = fmt::format("{{\"step\": {}, \"time_us\": {}", record.step, record.time_us);
  for (const auto& [name, value] : record.values) {
    out += ", ";
    json::append_string(out, name);
    out += std::isfinite(value) ? fmt::format(": {}", value) : ": null";
  }
  return out + "}\n";
}

Result<StepRecord> record_of(std::string_view line) {
  const json::Value value = TRY(json::parse(line));
  if (!value.is_object()) return fail(ErrorCode::kInvalidInput, "it is no object");
  StepRecord record;
  const auto step = TRY(json::get_integer(value.as_object(), "step"));
  const auto time = TRY(json::get_integer(value.as_object(), "time_us"));
  if (!step || !time) return fail(ErrorCode::kInvalidInput, "it has no step or no time_us");
  record.step = *step;
  record.time_us = *time;
  for (const auto& [name, member] : value.as_object()) {
    if (name == "step" || name == "time_us") continue;
    if (!member.is_null() && !member.is_number()) return fail(ErrorCode::kInvalidInput, "a value is no number");
    record.values.emplace_back(name, member.is_null() ? std::numeric_limits<double>::quiet_NaN() : member.to_number<double>());
  }
  return record;
}

}  // namespace

struct RunLog::Files {
  std::unique_ptr<AppendedFile> log, events;
  const Clock* clock = nullptr;
  std::vector<StepRecord> records;
};

RunLog::RunLog(std::unique_ptr<Files> files) : files_(std::move(files)) {}
RunLog::RunLog(RunLog&&) noexcept = default;
RunLog::~RunLog() = default;

Result<std::vector<StepRecord>> read_log(const std::string& path) {
  const std::string text = TRY(read_file(path));
  std::vector<StepRecord> out;
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string::npos) break;  // the process died within this line
    ++number;
    auto record = record_of(std::string_view(text).substr(at, end - at));
    if (!record) return fail(ErrorCode::kInvalidInput, fmt::format("{}:{}: no record of a step: {}", path, number, record.error().message));
    if (!out.empty() && record->step <= out.back().step)
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{}:{}: step {} stands after step {}", path, number, record->step, out.back().step));
    out.push_back(std::move(*record));
    at = end + 1;
  }
  return out;
}

Result<RunLog> RunLog::open(const std::string& log_path, const std::string& events_path, std::int64_t last_step, const Clock& clock) {
  auto files = std::make_unique<Files>();
  files->clock = &clock;
  if (last_step >= 0) {
    files->records = TRY(read_log(log_path));
    std::erase_if(files->records, [&](const StepRecord& record) { return record.step > last_step; });
  }
  std::string log, events = event_file_begin(files->records.empty() ? clock.now_us() : files->records.front().time_us);
  for (const StepRecord& record : files->records) {
    log += line_of(record);
    events += event_record(record);
  }
  TRY(write_file_atomic(log_path, log));
  TRY(write_file_atomic(events_path, events));
  files->log = TRY(AppendedFile::open(log_path));
  files->events = TRY(AppendedFile::open(events_path));
  return RunLog(std::move(files));
}

Result<void> RunLog::append(std::int64_t step, std::vector<std::pair<std::string, double>> values) {
  if (!files_->records.empty() && step <= files_->records.back().step)
    return fail(ErrorCode::kInvalidInput, fmt::format("step {} is in the log already", step));
  for (const auto& [name, value] : values) STEWARD_CHECK(name != "step" && name != "time_us");
  StepRecord record{step, files_->clock->now_us(), std::move(values)};
  TRY(files_->log->write(line_of(record)));
  TRY(files_->events->write(event_record(record)));
  files_->records.push_back(std::move(record));
  return {};
}

const std::vector<StepRecord>& RunLog::records() const { return files_->records; }

}  // namespace steward::runs
