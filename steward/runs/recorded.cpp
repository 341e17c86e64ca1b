#include "steward/runs/recorded.h"

#include <filesystem>

#include <fmt/format.h>

#include "steward/core/files.h"

namespace steward::runs {
namespace {

/// The first member in which the two differ, for people.
std::string difference(const json::Object& was, const json::Object& is) {
  for (const auto& [key, value] : is)
    if (!was.contains(key) || json::dump_canonical(was.at(key)) != json::dump_canonical(value)) return std::string(key);
  return "origin";
}

Result<void> check_origin(const std::string& path, const json::Value& first, const json::Object& origin) {
  if (!first.is_object()) return fail(ErrorCode::kInvalidInput, fmt::format("{}:1: no origin of records", path));
  if (json::dump_canonical(first) == json::dump_canonical(origin)) return {};
  return fail(ErrorCode::kInvalidInput,
              fmt::format("{} was begun with another {}: it cannot go on", path, difference(first.as_object(), origin)));
}

Result<std::vector<json::Object>> stretch_of(const json::Value& line) {
  if (!line.is_array()) return fail(ErrorCode::kInvalidInput, "no list");
  std::vector<json::Object> out;
  for (const json::Value& record : line.as_array()) {
    if (!record.is_object()) return fail(ErrorCode::kInvalidInput, "no list of objects");
    out.push_back(record.as_object());
  }
  return out;
}

}  // namespace

Result<Recorded> Recorded::open(const std::string& path, const json::Object& origin) {
  Recorded out;
  std::string kept;
  if (std::filesystem::exists(path)) {
    kept = TRY(read_file(path));
    kept.resize(kept.rfind('\n') == std::string::npos ? 0 : kept.rfind('\n') + 1);  // the process died within the last line
  }
  std::size_t number = 0;
  for (std::size_t at = 0, end = 0; at < kept.size(); at = end + 1) {
    end = kept.find('\n', at);
    const json::Value line = TRY(json::parse(std::string_view(kept).substr(at, end - at)));
    if (++number == 1) {
      TRY(check_origin(path, line, origin));
      continue;
    }
    auto stretch = stretch_of(line);
    if (!stretch) return fail(ErrorCode::kInvalidInput, fmt::format("{}:{}: {}", path, number, stretch.error().message));
    for (json::Object& record : *stretch) out.records_.push_back(std::move(record));
    ++out.stretches_;
  }
  if (number == 0) kept = json::dump_canonical(origin) + "\n";
  TRY(write_file_atomic(path, kept));
  out.file_ = TRY(AppendedFile::open(path));
  return out;
}

Result<void> Recorded::append(std::vector<json::Object> stretch) {
  json::Array line;
  for (const json::Object& record : stretch) line.push_back(record);
  TRY(file_->write(json::dump_canonical(line) + "\n"));
  for (json::Object& record : stretch) records_.push_back(std::move(record));
  ++stretches_;
  return {};
}

}  // namespace steward::runs
