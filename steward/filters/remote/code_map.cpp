#include "steward/filters/remote/code_map.h"

#include <algorithm>

#include <fmt/format.h>

#include "steward/policy/crosswalk.h"

namespace steward::filters::remote {
namespace {

/// "self_harm.intent" is a category with a subtype, "advice.health" may be a category.
CodeMap::Meaning split(const std::string& name, const guard::FilterEnvironment& environment) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos) return {name, ""};
  if (environment.policy) {
    const auto& known = environment.policy->category_ids();
    if (std::find(known.begin(), known.end(), name) != known.end()) return {name, ""};
  }
  return {name.substr(0, dot), name.substr(dot + 1)};
}

}  // namespace

Result<CodeMap> CodeMap::read(const ServiceKind& kind, const yaml::Node& config, const guard::FilterEnvironment& environment) {
  CodeMap out;
  out.codes_are_categories_ = kind.scheme.empty();
  out.other_ = kind.name;
  if (!kind.scheme.empty()) {
    const auto crosswalk = TRY(policy::Crosswalk::load(environment.shipped_dir + "/crosswalk.sssom.tsv"));
    for (const policy::Crosswalk::Mapping& mapping : crosswalk.meanings(kind.scheme))
      out.meanings_[mapping.object] = split(mapping.subject, environment);
  }
  if (const auto* other = config.find("other")) out.other_ = TRY(other->as_string());
  if (const auto* categories = config.find("categories")) {
    if (!categories->is_mapping()) return yaml::fail_at(*categories, "write `categories` as `CODE: category`");
    for (const yaml::Member& member : categories->members) {
      const std::string& code = member.key.scalar;
      const bool known = kind.codes.empty() || code == "blocklist" || code.starts_with("blocklist:") ||
                         std::find(kind.codes.begin(), kind.codes.end(), code) != kind.codes.end();
      if (!known)
        return yaml::fail_at(member.key, fmt::format("{} knows no code '{}'; known: {}", kind.name, code, fmt::join(kind.codes, ", ")));
      std::optional<Meaning> meaning;
      if (!member.value.is_null()) meaning = split(TRY(member.value.as_string()), environment);
      out.meanings_[code] = std::move(meaning);
    }
  }
  return out;
}

std::optional<CodeMap::Meaning> CodeMap::find(const Label& label) const {
  auto found = meanings_.find(label.code);
  if (found == meanings_.end() && label.code.starts_with("blocklist:")) found = meanings_.find("blocklist");
  if (found != meanings_.end()) {
    if (found->second && !label.subtype.empty()) return Meaning{found->second->category, label.subtype};
    return found->second;
  }
  if (codes_are_categories_) return Meaning{label.code, label.subtype};
  return Meaning{other_, label.code};
}

}  // namespace steward::filters::remote
