#include "steward/policy/crosswalk.h"

#include <algorithm>

#include <fmt/format.h>

#include "steward/core/files.h"

namespace steward::policy {
namespace {

std::vector<std::string> split(std::string_view line, char separator) {
  std::vector<std::string> out;
  for (std::size_t at = 0;;) {
    const std::size_t end = line.find(separator, at);
    out.emplace_back(line.substr(at, end - at));
    if (end == std::string_view::npos) return out;
    at = end + 1;
  }
}

}  // namespace

Result<Crosswalk> Crosswalk::load(const std::string& path) {
  const std::string text = TRY(read_file(path, 16u << 20));
  Crosswalk out;
  std::vector<std::string> header;
  int number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    const auto cells = split(line, '\t');
    if (header.empty()) {
      header = cells;
      continue;
    }
    const auto cell = [&](std::string_view name) -> std::string {
      const auto at = std::find(header.begin(), header.end(), name) - header.begin();
      return static_cast<std::size_t>(at) < cells.size() && static_cast<std::size_t>(at) < header.size()
                 ? cells[static_cast<std::size_t>(at)]
                 : std::string();
    };
    Mapping mapping{cell("subject_id"), cell("predicate_id"), cell("object_id")};
    if (!mapping.subject.starts_with("steward:") || mapping.object.find(':') == std::string::npos)
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{}:{}: a mapping needs subject_id steward:… and object_id SCHEME:CODE", path, number));
    mapping.subject.erase(0, 8);
    out.mappings_.push_back(std::move(mapping));
  }
  return out;
}

std::vector<std::string> Crosswalk::codes(std::string_view scheme, std::string_view category, std::string_view subtype) const {
  std::vector<std::string> out;
  const std::string prefix = std::string(scheme) + ":";
  for (const std::string& subject : {subtype.empty() ? std::string() : fmt::format("{}.{}", category, subtype), std::string(category)}) {
    for (const Mapping& mapping : mappings_) {
      if (mapping.subject != subject || !mapping.object.starts_with(prefix)) continue;
      std::string code = mapping.object.substr(prefix.size());
      if (std::find(out.begin(), out.end(), code) == out.end()) out.push_back(std::move(code));
    }
  }
  return out;
}

std::vector<Crosswalk::Mapping> Crosswalk::meanings(std::string_view scheme) const {
  static constexpr std::string_view kClosest[] = {"skos:exactMatch", "skos:closeMatch", "skos:narrowMatch", "skos:broadMatch",
                                                  "skos:relatedMatch"};
  std::vector<Mapping> out;
  const std::string prefix = std::string(scheme) + ":";
  for (const std::string_view predicate : kClosest) {
    for (const Mapping& mapping : mappings_) {
      if (mapping.predicate != predicate || !mapping.object.starts_with(prefix)) continue;
      std::string code = mapping.object.substr(prefix.size());
      const bool known = std::any_of(out.begin(), out.end(), [&](const Mapping& one) { return one.object == code; });
      if (!known) out.push_back({mapping.subject, mapping.predicate, std::move(code)});
    }
  }
  return out;
}

}  // namespace steward::policy
