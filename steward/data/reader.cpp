#include "steward/data/reader.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "steward/core/hash.h"
#include "steward/core/json.h"
#include "steward/core/packed_lines.h"

namespace steward::data {
namespace {

enum class Side { kTrain, kValidation, kTest };

Result<std::optional<Side>> named_side(const json::Object& object) {
  const json::Value* split = object.if_contains("split");
  if (!split || split->is_null()) return std::optional<Side>();
  const std::string_view name = split->is_string() ? std::string_view(split->as_string()) : std::string_view();
  if (name == "train") return std::optional(Side::kTrain);
  if (name == "dev" || name == "validation" || name == "valid") return std::optional(Side::kValidation);
  if (name == "test") return std::optional(Side::kTest);
  return fail(ErrorCode::kInvalidInput, "`split` is none of train, dev, validation, test");
}

/// True if the row may be used by its own word. An unclear word is no consent, and the row is bad.
Result<bool> consents(const json::Object& object) {
  const json::Value* consent = object.if_contains("consent");
  if (!consent) return true;
  if (!consent->is_bool()) return fail(ErrorCode::kInvalidInput, "`consent` is neither true nor false");
  return consent->as_bool();
}

class Reader {
 public:
  explicit Reader(const ReadOptions& options) : options_(options) {}
  Result<void> read_file(const std::string& path);
  RowSet finish();

 private:
  Result<void> read_line(std::string_view line, std::size_t number);

  const ReadOptions& options_;
  RowSet out_;
  Sha256 digest_;
};

Result<void> Reader::read_line(std::string_view line, std::size_t number) {
  const json::Value value = TRY(json::parse(line));
  if (!value.is_object()) return fail(ErrorCode::kInvalidInput, "the line is no JSON object");
  const json::Object& object = value.as_object();
  if (!TRY(consents(object)) || (options_.may_use && !options_.may_use(object))) {
    ++out_.report.no_consent;
    return {};
  }
  const std::optional<Side> named = TRY(named_side(object));
  Row row = TRY(parse_row(object, options_.kind));
  row.file = out_.files.size() - 1;
  row.line = number;
  const Side side = named ? *named : is_validation(prompt_text(row), options_.validation_share) ? Side::kValidation : Side::kTrain;
  if (side == Side::kTrain) digest_.update(json::dump_canonical(value)).update("\n");
  (side == Side::kTrain ? out_.train : side == Side::kValidation ? out_.validation : out_.test).push_back(std::move(row));
  return {};
}

Result<void> Reader::read_file(const std::string& path) {
  const std::string text = TRY(read_maybe_packed(path));
  out_.files.push_back(path);
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    if (++number == 1 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    ++out_.report.rows;
    if (auto read = read_line(line, number); !read) out_.report.bad.push_back({path, number, read.error().message});
  }
  return {};
}

RowSet Reader::finish() {
  out_.digest = hex(digest_.finish());
  return std::move(out_);
}

}  // namespace

Result<RowSet> read_test_rows(const std::vector<std::string>& paths, const ReadOptions& options) {
  if (paths.empty()) return fail(ErrorCode::kInvalidInput, "name at least one file of rows", "data");
  if (!(options.validation_share >= 0 && options.validation_share < 1))
    return fail(ErrorCode::kInvalidInput, "the share of rows for validation must be at least 0 and below 1");
  Reader reader(options);
  for (const std::string& path : paths) TRY(reader.read_file(path));
  RowSet rows = reader.finish();
  if (!rows.report.bad.empty() && !options.skip_bad_rows)
    return fail(ErrorCode::kInvalidInput, fmt::format("{} of {} rows are bad; mend them, or leave them out with skip_bad_rows: true\n{}",
                                                      rows.report.bad.size(), rows.report.rows, describe(rows.report.bad)));
  return rows;
}

Result<RowSet> read_rows(const std::vector<std::string>& paths, const ReadOptions& options) {
  RowSet rows = TRY(read_test_rows(paths, options));
  if (rows.train.empty()) return fail(ErrorCode::kInvalidInput, fmt::format("nothing to train on: {}", describe(rows)), "data");
  return rows;
}

std::string describe(const std::vector<BadRow>& bad, std::size_t lines_max) {
  std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> groups;
  for (const BadRow& row : bad) groups[{row.file, row.reason}].push_back(row.line);
  std::string out;
  for (const auto& [what, lines] : groups) {
    const std::size_t shown = std::min(lines.size(), lines_max);
    out += fmt::format("{}{}: {}: {} {}{}\n", "  ", what.first, what.second, lines.size() == 1 ? "line" : "lines",
                       fmt::join(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                       shown < lines.size() ? fmt::format(" and {} more", lines.size() - shown) : "");
  }
  return out;
}

std::string describe(const RowSet& rows) {
  std::string out = fmt::format("{} rows: {} to train on, {} for validation, {} for tests", rows.report.rows, rows.train.size(),
                                rows.validation.size(), rows.test.size());
  if (rows.report.no_consent > 0) out += fmt::format(", {} without consent", rows.report.no_consent);
  if (!rows.report.bad.empty()) out += fmt::format(", {} bad and left out", rows.report.bad.size());
  return out;
}

bool is_validation(std::string_view prompt, double share) {
  const Digest digest = sha256(prompt);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = value << 8 | digest[i];
  return static_cast<double>(value >> 11) * 0x1.0p-53 < share;
}

}  // namespace steward::data
