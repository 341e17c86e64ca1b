#include <array>

#include "steward/filters/remote/service.h"

namespace steward::filters::remote {
namespace {

constexpr std::array<std::string_view, 7> kAttributes{"TOXICITY",  "SEVERE_TOXICITY", "IDENTITY_ATTACK",  "INSULT",
                                                      "PROFANITY", "THREAT",          "SEXUALLY_EXPLICIT"};

/// POST /moderations {model, input} → results[0].{categories, category_scores}.
class OpenAiModeration final : public Service {
 public:
  OpenAiModeration(std::string target, std::string model) : target_(std::move(target)), model_(std::move(model)) {}
  std::vector<net::ClientRequest> requests(const Subject& subject) const override {
    return {{"POST", target_, json::dump(json::Object{{"model", model_}, {"input", subject.text}})}};
  }
  Result<void> read(std::string_view body, std::size_t, const Subject&, std::vector<Label>& out) const override {
    const json::Object answer = TRY(read_object(body));
    const auto results = json::get_array(answer, "results");
    if (!results || !*results || (*results)->size() != 1 || !(**results)[0].is_object()) return not_an_answer("one result");
    const json::Object& result = (**results)[0].as_object();
    const auto scores = json::get_object(result, "category_scores");
    const auto flags = json::get_object(result, "categories");
    if (!scores || !*scores || !flags || !*flags) return not_an_answer("categories and category_scores");
    for (const auto& [code, value] : **scores) {
      if (value.is_null()) continue;  // not judged by this model
      const auto score = json::get_number(**scores, code);
      const auto flag = json::get_bool(**flags, code);
      if (!score || !flag || !is_code(code) || **score < 0 || **score > 1) return not_an_answer("scores from 0 to 1");
      out.push_back({std::string(code), "", {}, **score, flag->value_or(false)});
    }
    return {};
  }

 private:
  const std::string target_, model_;
};

/// POST /v1alpha1/comments:analyze {comment, requestedAttributes, …} → attributeScores.NAME.summaryScore.value.
class Perspective final : public Service {
 public:
  Perspective(std::string target, std::vector<std::string> attributes) : target_(std::move(target)), attributes_(std::move(attributes)) {}
  std::vector<net::ClientRequest> requests(const Subject& subject) const override {
    json::Object asked;
    for (const std::string& attribute : attributes_) asked[attribute] = json::Object{};
    json::Object body{{"comment", json::Object{{"text", subject.text}}}, {"requestedAttributes", std::move(asked)}, {"doNotStore", true}};
    const std::string& language = subject.scope.context.language;
    if (language != "und") body["languages"] = json::Array{language};
    return {{"POST", target_, json::dump(body)}};
  }
  Result<void> read(std::string_view body, std::size_t, const Subject&, std::vector<Label>& out) const override {
    const json::Object answer = TRY(read_object(body));
    const auto all = json::get_object(answer, "attributeScores");
    if (!all || !*all) return not_an_answer("attributeScores");
    for (const std::string& attribute : attributes_) {
      const auto one = json::get_object(**all, attribute);
      if (!one || !*one) return not_an_answer("an attribute that was asked for");
      const auto summary = json::get_object(**one, "summaryScore");
      if (!summary || !*summary) return not_an_answer("a summaryScore");
      const auto score = json::get_number(**summary, "value");
      if (!score || !*score || **score < 0 || **score > 1) return not_an_answer("scores from 0 to 1");
      out.push_back({attribute, "", {}, **score, false});
    }
    return {};
  }

 private:
  const std::string target_;
  const std::vector<std::string> attributes_;
};

}  // namespace

std::span<const std::string_view> perspective_attributes() { return kAttributes; }

Result<std::unique_ptr<Service>> make_openai_moderation(const yaml::Node& config, const std::string& path) {
  std::string model = "omni-moderation-latest";
  if (const auto* given = config.find("model")) model = TRY(given->as_string());
  return std::unique_ptr<Service>(std::make_unique<OpenAiModeration>(path + "/moderations", std::move(model)));
}

Result<std::unique_ptr<Service>> make_perspective(const yaml::Node& config, const std::string& path) {
  std::vector<std::string> attributes(kAttributes.begin(), kAttributes.end());
  if (const auto* given = config.find("attributes")) {
    attributes = TRY(given->as_strings());
    for (const std::string& attribute : attributes)
      if (std::find(kAttributes.begin(), kAttributes.end(), attribute) == kAttributes.end())
        return yaml::fail_at(*given,
                             "attributes are TOXICITY, SEVERE_TOXICITY, IDENTITY_ATTACK, INSULT, PROFANITY, THREAT, SEXUALLY_EXPLICIT");
    if (attributes.empty()) return yaml::fail_at(*given, "name at least one attribute");
  }
  return std::unique_ptr<Service>(std::make_unique<Perspective>(path + "/v1alpha1/comments:analyze", std::move(attributes)));
}

}  // namespace steward::filters::remote
