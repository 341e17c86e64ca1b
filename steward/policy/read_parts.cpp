#include "steward/policy/read_parts.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "steward/core/clock.h"
#include "steward/policy/words.h"

namespace steward::policy {
namespace {

using yaml::Node;

Result<std::string> needed_text(const Node& node, std::string_view key, std::string_view what) {
  const Node* value = node.find(key);
  if (!value) return yaml::fail_at(node, fmt::format("{} needs `{}`", what, key));
  return value->as_string();
}

Result<std::string> needed_date(const Node& node, std::string_view key, std::string_view what) {
  const std::string date = TRY(needed_text(node, key, what));
  if (parse_date_days(date) < 0) return yaml::fail_at(*node.find(key), "write a date such as 2027-06-30");
  return date;
}

Result<std::map<std::string, std::string>> texts_by_language(const Node& node) {
  std::map<std::string, std::string> out;
  if (!node.is_mapping()) return yaml::fail_at(node, "write the text by language: {en: …, de: …}");
  for (const auto& [language, text] : node.members) out[language.scalar] = TRY(text.as_string());
  return out;
}

template <class T>
void replace_or_add(std::vector<T>& all, T item, std::string T::* key) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const T& other) { return other.*key == item.*key; });
  if (found == all.end())
    all.push_back(std::move(item));
  else
    *found = std::move(item);
}

const std::vector<Node>& items_of(const Node& root, std::string_view key) {
  static const std::vector<Node> none;
  const Node* list = root.find(key);
  return list ? list->items : none;
}

Result<FilterSpec> read_filter(const Node& node, Document& out) {
  TRY(yaml::check_keys(node, {"name", "kind", "on", "roles", "fail", "stream", "shadow", "decode", "deadline_ms", "evidence", "config"},
                       "a filter"));
  FilterSpec filter;
  filter.where = node.where;
  filter.name = TRY(needed_text(node, "name", "a filter"));
  filter.kind = TRY(needed_text(node, "kind", "a filter"));
  filter.roles = {"user", "tool"};
  if (const Node* roles = node.find("roles")) filter.roles = TRY(roles->as_strings());
  if (const Node* on = node.find("on")) {
    const auto directions = TRY(on->as_strings());
    const auto has = [&](std::string_view word) { return std::find(directions.begin(), directions.end(), word) != directions.end(); };
    filter.on_input = has("input");
    filter.on_output = has("output");
    if (!filter.on_input && !filter.on_output) return yaml::fail_at(*on, "write [input], [output] or both");
  }
  if (const Node* fail = node.find("fail")) {
    constexpr std::pair<std::string_view, FailMode> kWords[] = {{"closed", FailMode::kClosed}, {"open", FailMode::kOpen}};
    filter.fail_mode = TRY(read_word(*fail, kWords));
  }
  if (const Node* stream = node.find("stream")) {
    constexpr std::pair<std::string_view, StreamMode> kWords[] = {{"hold", StreamMode::kHold}, {"advisory", StreamMode::kAdvisory}};
    filter.stream_mode = TRY(read_word(*stream, kWords));
  }
  if (const Node* shadow = node.find("shadow")) filter.shadow = TRY(shadow->as_bool());
  if (const Node* decode = node.find("decode")) filter.decode = TRY(decode->as_bool());
  if (const Node* deadline = node.find("deadline_ms")) {
    const auto ms = TRY(deadline->as_integer());
    if (ms < 1 || ms > 60'000) return yaml::fail_at(*deadline, "a deadline is 1 to 60000 milliseconds");
    filter.deadline = std::chrono::milliseconds(ms);
  }
  if (const Node* config = node.find("config")) filter.config = *config;
  if (filter.config.is_null()) {
    filter.config.kind = Node::Kind::kMapping;
    filter.config.where = node.where;
  }
  out.filter_evidence[filter.name].clear();
  if (const Node* evidence = node.find("evidence")) {
    for (const Node& item : evidence->items) {
      TRY(yaml::check_keys(item, {"category", "languages", "source"}, "evidence"));
      out.filter_evidence[filter.name].push_back(item);
    }
  }
  return filter;
}

Result<CannedReply> read_canned(const Node& node) {
  TRY(yaml::check_keys(node, {"id", "owner", "why", "review_by", "retire_when", "supportive", "match", "reply"}, "a canned reply"));
  CannedReply canned;
  canned.where = node.where;
  canned.id = TRY(needed_text(node, "id", "a canned reply"));
  canned.owner = TRY(needed_text(node, "owner", "a canned reply"));
  canned.why = TRY(needed_text(node, "why", "a canned reply"));
  canned.review_by = TRY(needed_date(node, "review_by", "a canned reply"));
  canned.retire_when = TRY(needed_text(node, "retire_when", "a canned reply"));
  if (const Node* supportive = node.find("supportive")) canned.supportive = TRY(supportive->as_bool());
  if (const Node* match = node.find("match")) {
    if (!match->is_mapping()) return yaml::fail_at(*match, "write the phrases by language: {en: [\"…\"]}");
    for (const auto& [language, phrases] : match->members) canned.match[language.scalar] = TRY(phrases.as_strings());
  }
  const Node* reply = node.find("reply");
  if (!reply) return yaml::fail_at(node, "a canned reply needs its `reply` by language");
  canned.reply = TRY(texts_by_language(*reply));
  return canned;
}

Result<Resource> read_resource(const Node& node) {
  TRY(yaml::check_keys(node, {"topic", "place", "name", "contact", "verified", "expires"}, "a resource"));
  Resource resource;
  resource.topic = TRY(needed_text(node, "topic", "a resource"));
  resource.place = TRY(needed_text(node, "place", "a resource"));
  resource.name = TRY(needed_text(node, "name", "a resource"));
  resource.contact = TRY(needed_text(node, "contact", "a resource"));
  resource.verified = TRY(needed_date(node, "verified", "a resource"));
  resource.expires = TRY(needed_date(node, "expires", "a resource"));
  return resource;
}

Result<Notice> read_notice(const Node& node) {
  TRY(yaml::check_keys(node, {"id", "when", "text", "places", "categories"}, "a notice"));
  Notice notice;
  notice.where = node.where;
  notice.id = TRY(needed_text(node, "id", "a notice"));
  const Node* when = node.find("when");
  const Node* text = node.find("text");
  if (!when || !text) return yaml::fail_at(node, "a notice needs `when` and `text`");
  notice.when = TRY(when->as_strings());
  for (const std::string& occasion : notice.when) {
    constexpr std::string_view kKnown[] = {"before_first_input", "on_question", "on_sensitive", "every_3h_for_minors", "in_reply"};
    if (std::find(std::begin(kKnown), std::end(kKnown), occasion) == std::end(kKnown))
      return yaml::fail_at(*when, fmt::format("'{}' is no occasion; known: {}", occasion, fmt::join(kKnown, ", ")));
  }
  notice.text = TRY(texts_by_language(*text));
  if (const Node* places = node.find("places")) notice.places = TRY(places->as_strings());
  if (const Node* categories = node.find("categories")) notice.categories = TRY(categories->as_strings());
  return notice;
}

Result<PromptRule> read_prompt_rule(const Node& node) {
  TRY(yaml::check_keys(node, {"id", "when", "add", "probability"}, "a prompt rule"));
  PromptRule rule;
  rule.where = node.where;
  rule.id = TRY(needed_text(node, "id", "a prompt rule"));
  if (const Node* when = node.find("when")) rule.when = *when;
  const Node* add = node.find("add");
  if (!add) return yaml::fail_at(node, "a prompt rule needs `add`");
  rule.add = *add;
  if (const Node* probability = node.find("probability")) {
    rule.probability = TRY(probability->as_number());
    if (!(rule.probability >= 0 && rule.probability <= 1)) return yaml::fail_at(*probability, "a probability is from 0 to 1");
  }
  return rule;
}

Result<AcceptedGap> read_gap(const Node& node) {
  TRY(yaml::check_keys(node, {"category", "language", "why", "until"}, "accepts_gap"));
  AcceptedGap gap;
  gap.where = node.where;
  const Node* category = node.find("category");
  const Node* language = node.find("language");
  if (!category || !language) return yaml::fail_at(node, "an accepted gap names `category` and `language` (a name or a list of names)");
  gap.categories = TRY(category->as_strings());
  gap.languages = TRY(language->as_strings());
  gap.why = TRY(needed_text(node, "why", "an accepted gap"));
  gap.until = TRY(needed_date(node, "until", "an accepted gap"));
  return gap;
}

Result<void> read_tests(const Node& root, const std::string& path, Document& out) {
  const Node* tests = root.find("tests");
  if (!tests) return {};
  if (tests->is_sequence()) {
    out.tests.insert(out.tests.end(), tests->items.begin(), tests->items.end());
    return {};
  }
  const std::string file = TRY(tests->as_string());
  const Node cases = TRY(yaml::parse_file((std::filesystem::path(path).parent_path() / file).string()));
  if (!cases.is_sequence()) return yaml::fail_at(cases, "a file of tests holds a list");
  out.tests.insert(out.tests.end(), cases.items.begin(), cases.items.end());
  return {};
}

Result<void> read_retention(const Node& root, Document& out) {
  const Node* retention = root.find("retention");
  if (!retention) return {};
  TRY(yaml::check_keys(*retention, {"text_days", "decisions_days", "hold"}, "retention"));
  if (const Node* days = retention->find("text_days")) {
    const auto value = TRY(days->as_integer());
    if (value < 0 || value > 36'500) return yaml::fail_at(*days, "text_days is from 1 to 36500, or 0 to keep texts for ever");
    out.retention.text_days = static_cast<int>(value);
  }
  return {};
}

}  // namespace

Result<void> read_parts(const Node& root, const std::string& path, Document& out) {
  for (const Node& item : items_of(root, "filters")) replace_or_add(out.filters, TRY(read_filter(item, out)), &FilterSpec::name);
  for (const Node& item : items_of(root, "canned")) replace_or_add(out.canned, TRY(read_canned(item)), &CannedReply::id);
  for (const Node& item : items_of(root, "notices")) replace_or_add(out.notices, TRY(read_notice(item)), &Notice::id);
  for (const Node& item : items_of(root, "prompting")) replace_or_add(out.prompt_rules, TRY(read_prompt_rule(item)), &PromptRule::id);
  for (const Node& item : items_of(root, "resources")) {
    out.resources.push_back(TRY(read_resource(item)));
    out.resource_places.push_back({out.resources.back().name, item.where});
  }
  for (const Node& item : items_of(root, "accepts_gap")) out.gaps.push_back(TRY(read_gap(item)));
  TRY(read_retention(root, out));
  return read_tests(root, path, out);
}

}  // namespace steward::policy
