#include "steward/filters/remote/testing/fake_services.h"

namespace steward::filters::remote::testing {
namespace {

std::string chat(const std::string& content, const std::string& tokens = "") {
  json::Object choice{{"index", 0}, {"message", json::Object{{"role", "assistant"}, {"content", content}}}, {"finish_reason", "stop"}};
  choice["logprobs"] = tokens.empty() ? json::Value(nullptr) : json::parse(R"({"content":[)" + tokens + "]}").value();
  return json::dump(json::Object{{"object", "chat.completion"}, {"choices", json::Array{std::move(choice)}}});
}

/// A token of 0.8 with its alternative of 0.2.
std::string token(const std::string& likely, const std::string& other) {
  const std::string first = R"("token":")" + likely + R"(","logprob":-0.2231436)";
  return "{" + first + R"(,"top_logprobs":[{)" + first + R"(},{"token":")" + other + R"(","logprob":-1.6094379}]})";
}

constexpr char kBearer[] = "Authorization: Bearer the-key\r\n";
constexpr char kAzureKey[] = "Ocp-Apim-Subscription-Key: the-key\r\n";

std::vector<FakeService> scoring_services() {
  return {
      {"openai_moderation",
       "",
       "/moderations",
       kBearer,
       {R"("model":"omni-moderation-latest")", R"("input":")"},
       R"({"id":"modr-1","model":"omni-moderation-latest","results":[{"flagged":false,"categories":{"violence":false,"illicit":null},"category_scores":{"violence":0.01,"illicit":null}}]})",
       R"({"id":"modr-1","model":"omni-moderation-latest","results":[{"flagged":true,"categories":{"violence":false,"hate":true},"category_scores":{"violence":0.4,"hate":0.3}}]})",
       "",
       "hate. 2 0.30 hate"},
      {"azure_text",
       "blocklists: [mine]",
       "/contentsafety/text:analyze?api-version=2023-10-01",
       kAzureKey,
       {R"("outputType":"FourSeverityLevels")", R"("blocklistNames":["mine"])", R"("haltOnBlocklistHit":false)", R"("text":")"},
       R"({"blocklistsMatch":[],"categoriesAnalysis":[{"category":"Hate","severity":0},{"category":"Sexual","severity":0}]})",
       R"({"blocklistsMatch":[],"categoriesAnalysis":[{"category":"Hate","severity":0},{"category":"Sexual","severity":4}]})",
       "",
       "sexual_content. 2 1.00 Sexual"},
      {"azure_shield",
       "",
       "/contentsafety/text:shieldPrompt?api-version=2024-09-01",
       kAzureKey,
       {R"("userPrompt":")"},
       R"({"userPromptAnalysis":{"attackDetected":false},"documentsAnalysis":[]})",
       R"({"userPromptAnalysis":{"attackDetected":true},"documentsAnalysis":[]})",
       "",
       "prompt_attack.jailbreak 2 1.00 UserPrompt"},
      {"perspective",
       "attributes: [THREAT, PROFANITY]",
       "/v1alpha1/comments:analyze",
       "X-Goog-Api-Key: the-key\r\n",
       {R"("comment":{"text":")", R"("requestedAttributes":{"THREAT":{},"PROFANITY":{}})", R"("doNotStore":true)", R"("languages":["en"])"},
       R"({"attributeScores":{"THREAT":{"summaryScore":{"value":0.1,"type":"PROBABILITY"}},"PROFANITY":{"summaryScore":{"value":0.2,"type":"PROBABILITY"}}},"languages":["en"]})",
       R"({"attributeScores":{"THREAT":{"summaryScore":{"value":0.1,"type":"PROBABILITY"}},"PROFANITY":{"summaryScore":{"value":0.9,"type":"PROBABILITY"}}},"languages":["en"]})",
       "",
       "profanity. 2 0.90 PROFANITY"},
      {"http",
       "",
       "/",
       kBearer,
       {R"("direction":")", R"("role":")", R"("language":"en")", R"("messages":[)"},
       R"({"findings":[]})",
       R"({"findings":[{"category":"profanity","subtype":"slur","severity":3,"score":0.75}]})",
       "",
       "profanity.slur 3 0.75 profanity"},
  };
}

std::vector<FakeService> guard_models() {
  const std::string target = "/chat/completions";
  return {
      {"llama_guard",
       "model: lg",
       target,
       kBearer,
       {R"("model":"lg")", R"("temperature":0)", R"("logprobs":true)"},
       chat("\n\nsafe"),
       chat("\n\nunsafe\nS10", token("\\n\\n", "x") + "," + token("unsafe", "safe")),
       "",
       "hate. 2 0.80 S10"},
      {"qwen3guard",
       "model: qg",
       target,
       kBearer,
       {R"("model":"qg")"},
       chat("Safety: Safe\nCategories: None"),
       chat("Safety: Controversial\nCategories: Suicide & Self-Harm"),
       "",
       "self_harm. 1 1.00 suicide_self_harm controversial"},
      {"shieldgemma",
       "model: sg",
       target,
       kBearer,
       {R"("max_tokens":1)", R"("chat_template_kwargs":{"guideline":)"},
       chat("No", token("No", "Yes")),
       chat("Yes", token("Yes", "No")),
       "No Hate Speech",
       "hate. 2 0.80 hate"},
      {"granite_guardian",
       "model: gg",
       target,
       kBearer,
       {R"("guardian_config":{"risk_name":)", R"("think":false)"},
       chat("No\n<confidence> High </confidence>", token("No", "Yes")),
       chat("Yes\n<confidence> Low </confidence>", token("Yes", "No")),
       R"("risk_name":"violence")",
       "violent_crimes. 1 0.80 violence confidence-low"},
  };
}

}  // namespace

const std::vector<FakeService>& fake_services() {
  static const auto all = [] {
    std::vector<FakeService> out = scoring_services();
    for (FakeService& model : guard_models()) out.push_back(std::move(model));
    return out;
  }();
  return all;
}

std::string answer_of(const FakeService& service, const std::string& body) {
  const bool flagged = body.find("BAD") != std::string::npos && body.find(service.flagged_if) != std::string::npos;
  return flagged ? service.flagged : service.clean;
}

}  // namespace steward::filters::remote::testing
