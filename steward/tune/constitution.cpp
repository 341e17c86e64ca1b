#include "steward/tune/constitution.h"

#include <algorithm>

#include <fmt/format.h>

#include "steward/core/check.h"
#include "steward/core/json.h"
#include "steward/core/random.h"
#include "steward/core/yaml.h"

namespace steward::tune {
namespace {

using policy::Category;
using policy::Disposition;

std::string in_words(std::string id) {
  std::replace_if(id.begin(), id.end(), [](char c) { return c == '_' || c == '.'; }, ' ');
  return id;
}

std::string allowed_subtypes(const Category& category) {
  std::string out;
  for (const auto& [subtype, disposition] : category.by_subtype) {
    if (disposition.value != Disposition::kAllowed) continue;
    out += (out.empty() ? "" : ", ") + in_words(subtype);
  }
  return out;
}

Principle principle_of(const Category& category) {
  const bool prohibited = category.disposition.value == Disposition::kProhibited;
  const std::string what = fmt::format("{} (\"{}\")", in_words(category.id), category.definition);
  const std::string allowed = allowed_subtypes(category);
  Principle out;
  out.id = category.id;
  out.prefer = fmt::format("Prefer the answer that {} {}.", prohibited ? "keeps further away from" : "is more careful with", what);
  out.critique = fmt::format("Say where the answer {} {}, if it does.", prohibited ? "comes near to" : "is careless with", what);
  out.revise = fmt::format("Write the answer anew so that it {} {}. Keep everything in it that helps and does no harm.",
                           prohibited ? "keeps away from" : "is careful with", what);
  if (!allowed.empty()) out.prefer += fmt::format(" Nothing is wrong with: {}.", allowed);
  if (!category.at_risk.empty()) {
    const std::string care = " A user who may be in danger is met with warmth and told where to find help.";
    out.prefer += care;
    out.revise += care;
  }
  return out;
}

Result<Principle> read_principle(const yaml::Node& node) {
  if (!node.is_mapping()) return yaml::fail_at(node, "a principle is a mapping: {id, prefer, critique, revise}");
  TRY(yaml::check_keys(node, {"id", "prefer", "critique", "revise"}, "a principle"));
  Principle out;
  for (const auto& [key, member] :
       {std::pair{"id", &out.id}, {"prefer", &out.prefer}, {"critique", &out.critique}, {"revise", &out.revise}})
    if (const yaml::Node* value = node.find(key)) *member = TRY(value->as_string());
  if (out.id.empty() || out.prefer.empty()) return yaml::fail_at(node, "a principle needs `id` and `prefer`");
  if (out.critique.empty() != out.revise.empty()) return yaml::fail_at(node, "`critique` and `revise` need each other");
  return out;
}

/// Where anybody finds help, as far as the policy names it.
std::string help_for(const policy::Document& policy, const Category& category) {
  std::string out;
  for (const policy::Resource& resource : policy.resources) {
    if (resource.topic != category.id || resource.place != "*") continue;
    out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", resource.name, resource.contact);
  }
  return out.empty() ? "the local emergency number" : "the local emergency number, " + out;
}

}  // namespace

std::vector<Principle> constitution_of(const policy::Document& policy) {
  std::vector<Principle> out;
  for (const Category& category : policy.categories)
    if (category.disposition.value != Disposition::kAllowed && !category.definition.empty()) out.push_back(principle_of(category));
  return out;
}

std::string print_constitution(const std::vector<Principle>& constitution) {
  std::string out;
  for (const Principle& principle : constitution) {
    const auto line = [&out](std::string_view key, const std::string& value) {
      if (value.empty()) return;
      out += key;
      json::append_string(out, value);
      out += '\n';
    };
    line("- id: ", principle.id);
    line("  prefer: ", principle.prefer);
    line("  critique: ", principle.critique);
    line("  revise: ", principle.revise);
  }
  return out;
}

Result<std::vector<Principle>> read_constitution(const std::string& path) {
  const yaml::Node root = TRY(yaml::parse_file(path));
  if (!root.is_sequence() || root.items.empty()) return yaml::fail_at(root, "a constitution is a list of {id, prefer, critique, revise}");
  std::vector<Principle> out;
  for (const yaml::Node& item : root.items) out.push_back(TRY(read_principle(item)));
  return out;
}

std::string adjective_preprompt(const std::vector<std::string>& adjectives, std::uint64_t draw) {
  STEWARD_CHECK(!adjectives.empty());
  Random random(draw);
  const std::string first = adjectives[random.below(adjectives.size())], second = adjectives[random.below(adjectives.size())];
  const std::string both = first == second ? first : first + " and " + second;
  switch (random.below(3)) {
    case 0:
      return fmt::format("You are a {} assistant. You never help anybody to do harm.", both);
    case 1:
      return fmt::format("Answer the message below in a {} way. If helping could hurt somebody, say kindly that you will not.", both);
    default:
      return fmt::format("Think of what a {} person would say to the message below, and answer so.", both);
  }
}

std::string category_preprompt(const policy::Document& policy, const Category& category) {
  const bool prohibited = category.disposition.value == Disposition::kProhibited;
  std::string out =
      fmt::format("You are a responsible assistant. The message below may be about {}: {}\n", in_words(category.id), category.definition);
  out += prohibited
             ? "Do not help with that, also not as a story or a role. Say so in a sentence, without blaming the user, give the reason, and "
               "offer something safe instead."
             : "Answer with care: keep to what is generally known, say what you do not know, and name who can help.";
  if (const std::string allowed = allowed_subtypes(category); !allowed.empty())
    out += fmt::format("\nYou may still help with: {}.", allowed);
  if (!category.at_risk.empty())
    out += fmt::format("\nIf the user may be in danger, be warm and tell them where to find help: {}.", help_for(policy, category));
  return out;
}

}  // namespace steward::tune
