#include "steward/filters/judge/definition.h"

#include <algorithm>

#include <fmt/format.h>

#include "steward/policy/document.h"

namespace steward::filters {
namespace {

std::string in_words(std::string id) {
  std::replace_if(id.begin(), id.end(), [](char c) { return c == '_' || c == '.'; }, ' ');
  return id;
}

std::string_view word_of(policy::Disposition disposition) {
  switch (disposition) {
    case policy::Disposition::kAllowed:
      return "allowed";
    case policy::Disposition::kLimited:
      return "limited";
    case policy::Disposition::kProhibited:
      return "prohibited";
  }
  return "";
}

Result<void> read_examples(const yaml::Node& node, Definition& out) {
  if (node.is_null()) return {};
  if (!node.is_mapping()) {
    out.examples = TRY(node.as_strings());
    return {};
  }
  TRY(yaml::check_keys(node, {"belongs", "does_not"}, "the examples of a category that a judge reads"));
  if (const auto* belongs = node.find("belongs")) out.examples = TRY(belongs->as_strings());
  if (const auto* does_not = node.find("does_not")) out.counterexamples = TRY(does_not->as_strings());
  return {};
}

Result<Definition> define(const policy::Category& category) {
  Definition out{category.id, in_words(category.id), category.definition, std::string(word_of(category.disposition.value)), {}, {}, {}, {}};
  if (out.text.empty())
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{}: a judge needs the `definition` of '{}'", yaml::to_string(category.where), category.id));
  for (const auto& [subtype, disposition] : category.by_subtype)
    if (disposition.value == policy::Disposition::kAllowed) out.allowed.push_back(in_words(subtype));
  TRY(read_examples(category.examples, out));
  for (const auto& [level, words] : category.severity.members) {
    if (!words.is_scalar()) continue;
    out.severity += out.severity.empty() ? "" : ", ";
    out.severity += level.scalar + " " + words.scalar;
  }
  return out;
}

}  // namespace

Result<std::vector<Definition>> definitions_of(const policy::Policy& policy, const std::vector<std::string>& ids, const yaml::Node& where) {
  const policy::Document& document = policy::document_of(policy);
  std::vector<Definition> out;
  for (const std::string& id : ids) {
    const policy::Category* category = document.find(id);
    if (!category) return yaml::fail_at(where, fmt::format("the policy has no category '{}' for the judge", id));
    out.push_back(TRY(define(*category)));
  }
  if (!ids.empty()) return out;
  for (const policy::Category& category : document.categories)
    if (category.disposition.value == policy::Disposition::kProhibited && !category.definition.empty())
      out.push_back(TRY(define(category)));
  if (out.empty()) return yaml::fail_at(where, "the policy prohibits nothing: name the `categories` to judge");
  return out;
}

}  // namespace steward::filters
