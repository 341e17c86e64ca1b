#include "steward/filters/remote/service.h"

#include <algorithm>

namespace steward::filters::remote {

std::span<const ServiceKind> services() {
  static const std::vector<std::string_view> kShieldCodes{"UserPrompt", "Document"};
  static const std::vector<ServiceKind> kServices{
      {"openai_moderation",
       "https://api.openai.com/v1",
       "Authorization",
       "openai",
       20'000,
       {"harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm", "self-harm/intent",
        "self-harm/instructions", "sexual", "sexual/minors", "violence", "violence/graphic"},
       {"model"},
       make_openai_moderation},
      {"azure_text",
       "",
       "Ocp-Apim-Subscription-Key",
       "azure",
       10'000,
       {"Hate", "SelfHarm", "Sexual", "Violence"},
       {"api_version", "blocklists", "levels"},
       make_azure_text},
      {"azure_shield", "", "Ocp-Apim-Subscription-Key", "azure_shield", 10'000, kShieldCodes, {"api_version"}, make_azure_shield},
      {"perspective",
       "https://commentanalyzer.googleapis.com",
       "X-Goog-Api-Key",
       "perspective",
       20'000,
       {perspective_attributes().begin(), perspective_attributes().end()},
       {"attributes"},
       make_perspective},
      {"llama_guard", "", "Authorization", "llamaguard3", 12'000, {}, {"model", "context_messages", "logprobs"}, make_llama_guard},
      {"qwen3guard", "", "Authorization", "qwen3guard", 12'000, {}, {"model", "context_messages"}, make_qwen3guard},
      {"shieldgemma", "", "Authorization", "shieldgemma", 12'000, {}, {"model", "policies"}, make_shieldgemma},
      {"granite_guardian",
       "",
       "Authorization",
       "granite",
       12'000,
       {granite_risks().begin(), granite_risks().end()},
       {"model", "risks", "risk_in"},
       make_granite_guardian},
      {"http", "", "Authorization", "", 100'000, {}, {}, make_http},
  };
  return kServices;
}

Result<json::Object> read_object(std::string_view body) {
  auto value = json::parse(body);
  if (!value || !value->is_object()) return not_an_answer("a JSON object");
  return std::move(value->as_object());
}

tl::unexpected<Error> not_an_answer(std::string_view what) {
  return fail(ErrorCode::kUnavailable, "its answer lacks " + std::string(what) + ": is its url that of this service?");
}

bool is_code(std::string_view text) {
  const auto is_known = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '/' || c == '-';
  };
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), is_known);
}

}  // namespace steward::filters::remote
