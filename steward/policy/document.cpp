#include "steward/policy/document.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/policy/read_category.h"
#include "steward/policy/read_parts.h"
#include "steward/policy/words.h"

namespace steward::policy {
namespace {

namespace fs = std::filesystem;
using yaml::Node;

constexpr int kExtendsDepthMax = 8;

Result<Document> read_at_depth(const std::string& path, const Policy::LoadOptions& options, int depth);

/// "steward/base@1" → policies/base.yaml, whose version must begin with 1; anything else is a path beside the file.
Result<Document> read_parent(const Node& extends, const std::string& path, const Policy::LoadOptions& options, int depth) {
  const std::string name = TRY(extends.as_string());
  if (depth >= kExtendsDepthMax) return yaml::fail_at(extends, "`extends` goes in a circle, or deeper than 8 files");
  std::string file = (fs::path(path).parent_path() / name).string();
  std::string major;
  if (name.starts_with("steward/")) {
    const auto at = name.find('@');
    if (at == std::string::npos) return yaml::fail_at(extends, fmt::format("say which major version: {}@1", name));
    file = options.shipped_dir + "/" + name.substr(8, at - 8) + ".yaml";
    major = name.substr(at + 1);
  }
  if (!fs::exists(file)) return yaml::fail_at(extends, fmt::format("there is no policy '{}' (looked at {})", name, file));
  Document parent = TRY(read_at_depth(file, options, depth + 1));
  if (!major.empty() && parent.version.substr(0, parent.version.find('.')) != major)
    return yaml::fail_at(extends, fmt::format("'{}' is at version {} here", name, parent.version));
  return parent;
}

Result<void> read_head(const Node& root, const std::string& path, const Policy::LoadOptions& options, int depth, Document& out) {
  const Node* head = root.find("policy");
  if (!head) return yaml::fail_at(root, "a policy file begins with `policy: {id: …, version: 1.0.0, owner: …}`");
  TRY(yaml::check_keys(*head, {"id", "version", "effective", "owner", "extends"}, "policy"));
  if (const Node* extends = head->find("extends")) out = TRY(read_parent(*extends, path, options, depth));
  for (const auto& [key, slot] : {std::pair{"id", &out.id}, std::pair{"version", &out.version}, std::pair{"owner", &out.owner}}) {
    const Node* value = head->find(key);
    if (!value) return yaml::fail_at(*head, fmt::format("the policy needs `{}`", key));
    *slot = TRY(value->as_string());
  }
  if (const Node* effective = head->find("effective")) out.effective = TRY(effective->as_string());
  return {};
}

Result<void> read_applies(const Node& root, Document& out) {
  const Node* applies = root.find("applies");
  if (!applies) return {};
  TRY(yaml::check_keys(*applies, {"audience", "languages", "surfaces", "jurisdictions"}, "applies"));
  for (const auto& [key, slot] : {std::pair{"audience", &out.audience}, std::pair{"languages", &out.languages},
                                  std::pair{"surfaces", &out.surfaces}, std::pair{"jurisdictions", &out.jurisdictions}}) {
    const Node* value = applies->find(key);
    if (!value) continue;
    TRY(check_context_values(key, *value));
    *slot = TRY(value->as_strings());
  }
  return {};
}

Result<void> read_categories(const Node& root, Document& out) {
  const Node* categories = root.find("categories");
  if (!categories) return {};
  std::vector<std::string> seen;
  for (const Node& item : categories->items) {
    const Node* id = item.find("id");
    if (!id) return yaml::fail_at(item, "a category needs an `id`");
    if (std::find(seen.begin(), seen.end(), id->scalar) != seen.end())
      return yaml::fail_at(*id, fmt::format("the category '{}' stands twice: keep one", id->scalar));
    seen.push_back(id->scalar);
    const auto parent = std::find_if(out.categories.begin(), out.categories.end(), [&](const Category& c) { return c.id == id->scalar; });
    Category category = TRY(read_category(item, parent == out.categories.end() ? nullptr : &*parent));
    if (parent == out.categories.end())
      out.categories.push_back(std::move(category));
    else
      *parent = std::move(category);
  }
  return {};
}

Result<void> read_refusals(const Node& root, Document& out) {
  const Node* refusals = root.find("refusals");
  if (!refusals) return {};
  if (!refusals->is_mapping()) return yaml::fail_at(*refusals, "write refusals by category (or `default`), then by language");
  for (const auto& [category, texts] : refusals->members) {
    if (!texts.is_mapping()) return yaml::fail_at(texts, "write the refusal by language: {en: …, de: …}");
    for (const auto& [language, text] : texts.members) out.refusals[category.scalar][language.scalar] = TRY(text.as_string());
  }
  return {};
}

Result<void> check_references(const Document& document) {
  const auto has_canned = [&](const std::string& id) {
    return std::any_of(document.canned.begin(), document.canned.end(), [&](const CannedReply& c) { return c.id == id; });
  };
  for (const Category& category : document.categories) {
    Node here;
    here.where = category.where;
    if (!category.at_risk.empty() && category.support.empty())
      return yaml::fail_at(here, fmt::format("'{}' has at_risk subtypes: name the canned reply for them in `support`", category.id));
    if (!category.support.empty() && !has_canned(category.support))
      return yaml::fail_at(here,
                           fmt::format("'{}' names the supportive reply '{}', which is not in `canned`", category.id, category.support));
    for (const Enforcement& rule : category.enforce) {
      here.where = rule.where;
      if (!rule.reply.empty() && !has_canned(rule.reply))
        return yaml::fail_at(here, fmt::format("'{}' names the canned reply '{}', which is not in `canned`", category.id, rule.reply));
    }
  }
  return {};
}

Result<Document> read_at_depth(const std::string& path, const Policy::LoadOptions& options, int depth) {
  const std::string text = TRY(read_file(path, 16u << 20));
  const Node root = TRY(yaml::parse(text, path));
  TRY(yaml::check_keys(root,
                       {"policy", "applies", "categories", "filters", "canned", "resources", "notices", "prompting", "refusals", "strikes",
                        "appeals", "retention", "terms", "accepts_gap", "tests"},
                       "the policy"));
  Document out;
  TRY(read_head(root, path, options, depth, out));
  TRY(read_applies(root, out));
  TRY(read_categories(root, out));
  TRY(read_refusals(root, out));
  TRY(read_parts(root, path, out));
  out.files.push_back(path);
  out.bytes += text;
  out.root = root;
  return out;
}

}  // namespace

const Category* Document::find(std::string_view category) const {
  for (const Category& candidate : categories)
    if (candidate.id == category) return &candidate;
  return nullptr;
}

Result<Document> read_document(const std::string& path, const Policy::LoadOptions& options) {
  Document document = TRY(read_at_depth(path, options, 0));
  TRY(check_references(document));
  return document;
}

}  // namespace steward::policy
