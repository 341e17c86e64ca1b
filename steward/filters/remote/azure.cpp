#include <algorithm>

#include "steward/filters/remote/service.h"

namespace steward::filters::remote {
namespace {

char small(char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); }

/// Where `term` stands in `text`, whatever the case of ASCII letters; the service tells the term of a blocklist, but not where it is.
std::vector<text::Span> places_of(std::string_view term, std::string_view text) {
  std::vector<text::Span> out;
  if (term.empty()) return out;
  const auto same = [](char a, char b) { return small(a) == small(b); };
  for (auto at = text.begin();;) {
    at = std::search(at, text.end(), term.begin(), term.end(), same);
    if (at == text.end()) return out;
    const auto begin = static_cast<std::size_t>(at - text.begin());
    out.push_back({begin, begin + term.size()});
    at += static_cast<std::ptrdiff_t>(term.size());
  }
}

/// POST /contentsafety/text:analyze → categoriesAnalysis[].{category, severity}, blocklistsMatch[].
class AzureText final : public Service {
 public:
  struct Config {
    std::string target;
    std::vector<std::string> blocklists;
    bool eight_levels = false;
  };
  explicit AzureText(Config config) : config_(std::move(config)) {}

  std::vector<net::ClientRequest> requests(const Subject& subject) const override {
    json::Object body{{"text", subject.text},
                      {"categories", json::Array{"Hate", "SelfHarm", "Sexual", "Violence"}},
                      {"outputType", config_.eight_levels ? "EightSeverityLevels" : "FourSeverityLevels"}};
    if (!config_.blocklists.empty()) {
      body["blocklistNames"] = json::Array(config_.blocklists.begin(), config_.blocklists.end());
      body["haltOnBlocklistHit"] = false;
    }
    return {{"POST", config_.target, json::dump(body)}};
  }
  Result<void> read(std::string_view body, std::size_t, const Subject& subject, std::vector<Label>& out) const override {
    const json::Object answer = TRY(read_object(body));
    const auto analysis = json::get_array(answer, "categoriesAnalysis");
    if (!analysis || !*analysis) return not_an_answer("categoriesAnalysis");
    for (const json::Value& value : **analysis) {
      if (!value.is_object()) return not_an_answer("a category and its severity");
      const auto category = json::get_string(value.as_object(), "category");
      const auto severity = json::get_integer(value.as_object(), "severity");
      if (!category || !*category || !is_code(**category) || !severity || !*severity || **severity < 0 || **severity > 7)
        return not_an_answer("a category and its severity from 0 to 7");
      if (**severity > 0) out.push_back({**category, "", static_cast<int>(**severity / 2)});
    }
    const auto matches = json::get_array(answer, "blocklistsMatch");
    if (!matches) return not_an_answer("a list as blocklistsMatch");
    if (!*matches) return {};
    for (const json::Value& value : **matches) {
      if (!value.is_object()) return not_an_answer("objects in blocklistsMatch");
      TRY(read_match(value.as_object(), subject, out));
    }
    return {};
  }

 private:
  static Result<void> read_match(const json::Object& match, const Subject& subject, std::vector<Label>& out) {
    const auto list = json::get_string(match, "blocklistName"), item = json::get_string(match, "blocklistItemId"),
               term = json::get_string(match, "blocklistItemText");
    if (!list || !*list || !is_code(**list) || !item || !term) return not_an_answer("a blocklistName");
    Label label{"blocklist:" + **list};
    if (*item && is_code(**item)) label.evidence = **item;
    const auto places = places_of(term->value_or(""), subject.text);
    if (places.empty()) out.push_back(label);
    for (const text::Span place : places) {
      label.span = place;
      out.push_back(label);
    }
    return {};
  }

  const Config config_;
};

/// POST /contentsafety/text:shieldPrompt → userPromptAnalysis and documentsAnalysis[].attackDetected.
class AzureShield final : public Service {
 public:
  explicit AzureShield(std::string target) : target_(std::move(target)) {}
  /// What a tool brings is a document: nobody but the user may give orders.
  static bool is_document(const Subject& subject) { return subject.scope.role == "tool"; }

  std::vector<net::ClientRequest> requests(const Subject& subject) const override {
    json::Object body;
    if (is_document(subject))
      body["documents"] = json::Array{json::Value(subject.text)};
    else
      body["userPrompt"] = subject.text;
    return {{"POST", target_, json::dump(body)}};
  }
  Result<void> read(std::string_view body, std::size_t, const Subject& subject, std::vector<Label>& out) const override {
    const json::Object answer = TRY(read_object(body));
    const json::Object* analysis = nullptr;
    if (is_document(subject)) {
      const auto all = json::get_array(answer, "documentsAnalysis");
      if (all && *all && (*all)->size() == 1 && (**all)[0].is_object()) analysis = &(**all)[0].as_object();
    } else if (const auto one = json::get_object(answer, "userPromptAnalysis"); one) {
      analysis = *one;
    }
    if (!analysis) return not_an_answer("an analysis of what was asked");
    const auto detected = json::get_bool(*analysis, "attackDetected");
    if (!detected || !*detected) return not_an_answer("attackDetected");
    if (**detected) out.push_back({is_document(subject) ? "Document" : "UserPrompt"});
    return {};
  }

 private:
  const std::string target_;
};

Result<std::string> read_target(const yaml::Node& config, const std::string& route, const std::string& version) {
  std::string given = version;
  if (const auto* node = config.find("api_version")) {
    given = TRY(node->as_string());
    if (!is_code(given)) return yaml::fail_at(*node, "api_version is a date such as " + version);
  }
  return route + "?api-version=" + given;
}

}  // namespace

Result<std::unique_ptr<Service>> make_azure_text(const yaml::Node& config, const std::string& path) {
  AzureText::Config out;
  out.target = TRY(read_target(config, path + "/contentsafety/text:analyze", "2023-10-01"));
  if (const auto* lists = config.find("blocklists")) {
    out.blocklists = TRY(lists->as_strings());
    for (const std::string& list : out.blocklists)
      if (!is_code(list)) return yaml::fail_at(*lists, "names of blocklists are of letters, digits and _ . - only");
  }
  if (const auto* levels = config.find("levels")) {
    const auto count = TRY(levels->as_integer());
    if (count != 4 && count != 8) return yaml::fail_at(*levels, "levels is 4 or 8");
    out.eight_levels = count == 8;
  }
  return std::unique_ptr<Service>(std::make_unique<AzureText>(std::move(out)));
}

Result<std::unique_ptr<Service>> make_azure_shield(const yaml::Node& config, const std::string& path) {
  std::string target = TRY(read_target(config, path + "/contentsafety/text:shieldPrompt", "2024-09-01"));
  return std::unique_ptr<Service>(std::make_unique<AzureShield>(std::move(target)));
}

}  // namespace steward::filters::remote
