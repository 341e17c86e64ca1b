#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "steward/gateway/text_check.h"

namespace steward::gateway {
namespace {

constexpr std::size_t kDocumentsMax = 256;
constexpr std::string_view kCategories[] = {"Hate", "SelfHarm", "Sexual", "Violence"};

Result<void> check_version(const Call& call) {
  if (!call.request.query_value("api-version").value_or("").empty()) return {};
  return fail(ErrorCode::kInvalidInput, "add the query parameter api-version, such as ?api-version=2024-09-01", "api-version");
}

Result<std::string> read_text(const Gateway::State& state, const json::Value& value, const char* name) {
  const auto* text = value.if_string();
  if (!text) return fail(ErrorCode::kInvalidInput, fmt::format("'{}' must be text", name), name);
  if (text->size() > state.options.text_bytes_max) return fail(ErrorCode::kTooLarge, fmt::format("'{}' is too long", name), name);
  return std::string(text->data(), text->size());
}

/// The strings of a list; an absent one is empty.
Result<std::vector<std::string>> read_texts(const Gateway::State& state, const json::Object& body, const char* name) {
  std::vector<std::string> out;
  const json::Array* list = TRY(json::get_array(body, name));
  if (list && list->size() > kDocumentsMax)
    return fail(ErrorCode::kInvalidInput, fmt::format("'{}' must hold at most {} texts", name, kDocumentsMax), name);
  if (list)
    for (const json::Value& value : *list) out.push_back(TRY(read_text(state, value, name)));
  return out;
}

/// The finding's score reaches the policy's threshold.
bool counts(const guard::RuledFinding& ruled) { return ruled.finding.score >= ruled.ruling.threshold; }

std::vector<std::string> codes_of(const Gateway::State& state, std::string_view scheme, const guard::Finding& finding) {
  return state.parts.codes ? state.parts.codes(scheme, finding.category, finding.subtype) : std::vector<std::string>{};
}

Error not_judged() { return {ErrorCode::kUnavailable, "a filter could not answer, so that this text was not judged: try again later", ""}; }

struct Analysis {
  TextCheck check;
  std::string text;
  std::vector<std::string> categories, blocklists;
  bool halt = false;  ///< no categories where a blocklist is hit
};

Result<Analysis> read_analysis(const Gateway::State& state, const Call& call) {
  TRY(check_version(call));
  const json::Object body = TRY(read_body(state, call));
  Analysis out;
  out.check = TRY(read_text_check(state, call, body));
  const json::Value* text = body.if_contains("text");
  out.text = TRY(read_text(state, text ? *text : json::Value(), "text"));
  if (out.text.empty()) return fail(ErrorCode::kInvalidInput, "'text' must not be empty", "text");
  out.categories = TRY(read_texts(state, body, "categories"));
  for (const std::string& category : out.categories)
    if (std::find(std::begin(kCategories), std::end(kCategories), category) == std::end(kCategories))
      return fail(ErrorCode::kInvalidInput, "'categories' may hold Hate, SelfHarm, Sexual and Violence", "categories");
  if (out.categories.empty()) out.categories.assign(std::begin(kCategories), std::end(kCategories));
  out.blocklists = TRY(read_texts(state, body, "blocklistNames"));
  const auto& filters = out.check.target.guard->policy().filters();
  for (const std::string& list : out.blocklists)
    if (std::none_of(filters.begin(), filters.end(), [&](const policy::FilterSpec& spec) { return spec.name == list; }))
      return fail(ErrorCode::kNotFound, "'blocklistNames' are names of the policy's filters; one of them is not", "blocklistNames");
  out.halt = TRY(json::get_bool(body, "haltOnBlocklistHit")).value_or(false);
  const std::string levels = TRY(json::get_string(body, "outputType")).value_or("FourSeverityLevels");
  if (levels != "FourSeverityLevels" && levels != "EightSeverityLevels")
    return fail(ErrorCode::kInvalidInput, "'outputType' must be FourSeverityLevels or EightSeverityLevels", "outputType");
  return out;
}

json::Object analysis_body(const Gateway::State& state, const Analysis& analysis, const guard::Decision& decision) {
  std::map<std::string, int> severities;
  json::Array matches;
  for (const guard::RuledFinding& ruled : decision.findings) {
    const guard::Finding& finding = ruled.finding;
    if (!counts(ruled)) continue;
    for (const std::string& code : codes_of(state, "azure", finding)) severities[code] = std::max(severities[code], 2 * finding.severity);
    if (std::find(analysis.blocklists.begin(), analysis.blocklists.end(), finding.filter) != analysis.blocklists.end())
      matches.push_back(json::Object{{"blocklistName", finding.filter},
                                     {"blocklistItemId", finding.evidence},
                                     {"blocklistItemText", analysis.text.substr(finding.span.begin, finding.span.size())}});
  }
  json::Array categories;
  if (!analysis.halt || matches.empty())
    for (const std::string& name : analysis.categories)
      categories.push_back(json::Object{{"category", name}, {"severity", severities[name]}});
  return {{"blocklistsMatch", std::move(matches)}, {"categoriesAnalysis", std::move(categories)}};
}

struct Shield {
  TextCheck check;
  std::optional<std::string> prompt;
  std::vector<std::string> documents;
};

Result<Shield> read_shield(const Gateway::State& state, const Call& call) {
  TRY(check_version(call));
  const json::Object body = TRY(read_body(state, call));
  Shield out;
  out.check = TRY(read_text_check(state, call, body));
  if (const json::Value* prompt = body.if_contains("userPrompt"); prompt && !prompt->is_null())
    out.prompt = TRY(read_text(state, *prompt, "userPrompt"));
  out.documents = TRY(read_texts(state, body, "documents"));
  if (!out.prompt && out.documents.empty()) return fail(ErrorCode::kInvalidInput, "give 'userPrompt', 'documents' or both", "userPrompt");
  return out;
}

json::Object attack_body(const Gateway::State& state, const guard::Decision& decision) {
  const bool detected = std::any_of(decision.findings.begin(), decision.findings.end(), [&](const guard::RuledFinding& ruled) {
    return counts(ruled) && flags(ruled) && !codes_of(state, "azure_shield", ruled.finding).empty();
  });
  return {{"attackDetected", detected}};
}

}  // namespace

void handle_analyze_text(const StatePointer& state, Call call) {
  const auto read = read_analysis(*state, call);
  if (!read) return call.send_error(read.error());
  judge_texts(state, std::move(call), read->check, {{read->check.role, read->text}},
              [state, analysis = *read](Call back, const std::vector<guard::Decision>& decisions) {
                const json::Value body = analysis_body(*state, analysis, decisions.front());
                const bool judged = !decisions.front().failed_closed;
                record_checks(state, std::move(back), {"contentsafety", decisions}, [body, judged](Call& recorded) {
                  judged ? recorded.send_json(200, body) : recorded.send_error(not_judged());
                });
              });
}

void handle_shield_prompt(const StatePointer& state, Call call) {
  const auto shield = read_shield(*state, call);
  if (!shield) return call.send_error(shield.error());
  const bool has_prompt = shield->prompt.has_value();
  std::vector<guard::Message> texts;
  if (has_prompt) texts.push_back({shield->check.role, *shield->prompt});
  for (const std::string& document : shield->documents) texts.push_back({"tool", document});  // data, whatever it says it is
  judge_texts(
      state, std::move(call), shield->check, std::move(texts),
      [state, has_prompt](Call back, const std::vector<guard::Decision>& decisions) {
        json::Object body;
        json::Array documents;
        for (std::size_t i = 0; i < decisions.size(); ++i) {
          if (i == 0 && has_prompt)
            body["userPromptAnalysis"] = attack_body(*state, decisions[i]);
          else
            documents.push_back(attack_body(*state, decisions[i]));
        }
        body["documentsAnalysis"] = std::move(documents);
        const bool judged = std::none_of(decisions.begin(), decisions.end(), [](const guard::Decision& one) { return one.failed_closed; });
        record_checks(state, std::move(back), {"contentsafety", decisions},
                      [body, judged](Call& recorded) { judged ? recorded.send_json(200, body) : recorded.send_error(not_judged()); });
      });
}

}  // namespace steward::gateway
