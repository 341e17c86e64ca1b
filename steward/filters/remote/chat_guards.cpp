#include <array>

#include "steward/filters/remote/chat_form.h"

namespace steward::filters::remote {
namespace {

constexpr std::array<std::string_view, 7> kRisks{"social_bias",    "jailbreak",          "violence", "profanity",
                                                 "sexual_content", "unethical_behavior", "harm"};
constexpr std::size_t kContextMessages = 2;
constexpr int kTopTokens = 10;

struct ChatConfig {
  std::string target, model;
  std::size_t context_messages = kContextMessages;
};

Result<ChatConfig> read_config(const yaml::Node& config, const std::string& path) {
  ChatConfig out{path + "/chat/completions", ""};
  const auto* model = config.find("model");
  if (!model) return yaml::fail_at(config, "this service needs `model`, the name that the server knows it by");
  out.model = TRY(model->as_string());
  if (const auto* count = config.find("context_messages")) {
    const auto number = TRY(count->as_integer());
    if (number < 0 || number > 64) return yaml::fail_at(*count, "context_messages is from 0 to 64");
    out.context_messages = static_cast<std::size_t>(number);
  }
  return out;
}

json::Object with_probabilities(json::Object body) {
  body["logprobs"] = true;
  body["top_logprobs"] = kTopTokens;
  return body;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0;;) {
    const std::size_t end = text.find(separator, at);
    out.push_back(text.substr(at, end - at));
    if (end == std::string_view::npos) return out;
    at = end + 1;
  }
}

/// "Suicide & Self-Harm" → "suicide_self_harm": a code of the crosswalk.
std::string code_of(std::string_view name) {
  std::string out;
  for (const char c : plain_word(name)) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (is_letter) out += c;
    if (!is_letter && !out.empty() && out.back() != '_') out += '_';
  }
  while (out.ends_with('_')) out.pop_back();
  return out;
}

/// "safe", or "unsafe" and a line of codes: Llama Guard 3 and 4. Its server applies the prompt, with the hazards S1 to S14.
class LlamaGuard final : public Service {
 public:
  LlamaGuard(ChatConfig config, bool logprobs) : config_(std::move(config)), logprobs_(logprobs) {}
  std::vector<net::ClientRequest> requests(const Subject& subject) const override {
    json::Object body{{"model", config_.model}, {"messages", chat_messages(subject, config_.context_messages)}, {"max_tokens", 64}};
    return {chat_request(config_.target, logprobs_ ? with_probabilities(std::move(body)) : std::move(body))};
  }
  Result<void> read(std::string_view body, std::size_t, const Subject&, std::vector<Label>& out) const override {
    const ChatAnswer answer = TRY(read_chat(body));
    const std::string said = plain_word(answer.text);
    if (said == "safe") return {};
    const std::size_t line = said.find_first_of("\r\n");
    if (plain_word(said.substr(0, line)) != "unsafe") return not_an_answer("\"safe\" or \"unsafe\"");
    const double score = probability_of(answer, "unsafe", "safe").value_or(1);
    const std::size_t before = out.size();
    for (const std::string_view part :
         line == std::string::npos ? std::vector<std::string_view>{} : split(std::string_view(said).substr(line), ',')) {
      std::string code = plain_word(part);
      if (code.empty()) continue;
      if (code.front() != 's' || !is_code(code)) return not_an_answer("codes such as S1");
      code.front() = 'S';
      out.push_back({std::move(code), "", {}, score});
    }
    if (out.size() == before) out.push_back({"unsafe", "", {}, score});
    return {};
  }

 private:
  const ChatConfig config_;
  const bool logprobs_;
};

/// "Safety: Unsafe" and "Categories: A, B" in lines: Qwen3Guard-Gen. Its server applies the prompt.
class Qwen3Guard final : public Service {
 public:
  explicit Qwen3Guard(ChatConfig config) : config_(std::move(config)) {}
  std::vector<net::ClientRequest> requests(const Subject& subject) const override {
    return {chat_request(config_.target,
                         {{"model", config_.model}, {"messages", chat_messages(subject, config_.context_messages)}, {"max_tokens", 128}})};
  }
  Result<void> read(std::string_view body, std::size_t, const Subject&, std::vector<Label>& out) const override {
    const ChatAnswer answer = TRY(read_chat(body));
    std::string safety;
    std::vector<std::string> codes;
    for (const std::string_view line : split(answer.text, '\n')) {
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos) continue;
      const std::string key = plain_word(line.substr(0, colon));
      if (key == "safety") safety = plain_word(line.substr(colon + 1));
      if (key != "categories") continue;
      for (const std::string_view name : split(line.substr(colon + 1), ','))
        if (std::string code = code_of(name); code != "none" && is_code(code)) codes.push_back(std::move(code));
    }
    if (safety == "safe") return {};
    if (safety != "unsafe" && safety != "controversial") return not_an_answer("a line \"Safety: …\"");
    if (codes.empty()) codes.push_back(safety);
    for (std::string& code : codes) {
      Label label{std::move(code)};
      if (safety == "controversial") label.severity = 1;
      label.evidence = safety;
      out.push_back(std::move(label));
    }
    return {};
  }

 private:
  const ChatConfig config_;
};

/// One rule a request, as `guideline` of the model's own chat template; "Yes" or "No" by the probability of the first token.
class ShieldGemma final : public Service {
 public:
  struct Rule {
    std::string code, for_prompt, for_reply;
  };
  ShieldGemma(ChatConfig config, std::vector<Rule> rules) : config_(std::move(config)), rules_(std::move(rules)) {}
  static std::vector<Rule> usual_rules();

  std::vector<net::ClientRequest> requests(const Subject& subject) const override {
    std::vector<net::ClientRequest> out;
    // It knows one question and one answer to it.
    const bool is_reply = subject.scope.direction == policy::Direction::kOutput || subject.scope.role == "assistant";
    const json::Array messages = chat_messages(subject, is_reply ? 1 : 0);
    for (const Rule& rule : rules_) {
      const std::string& guideline = is_reply ? rule.for_reply : rule.for_prompt;
      out.push_back(chat_request(config_.target, with_probabilities({{"model", config_.model},
                                                                     {"messages", messages},
                                                                     {"max_tokens", 1},
                                                                     {"chat_template_kwargs", json::Object{{"guideline", guideline}}}})));
    }
    return out;
  }
  Result<void> read(std::string_view body, std::size_t index, const Subject&, std::vector<Label>& out) const override {
    const ChatAnswer answer = TRY(read_chat(body));
    const std::string said = plain_word(answer.text);
    if (said != "yes" && said != "no") return not_an_answer("\"Yes\" or \"No\"");
    out.push_back({rules_[index].code, "", {}, probability_of(answer, "yes", "no").value_or(said == "yes" ? 1 : 0), said == "yes"});
    return {};
  }

 private:
  const ChatConfig config_;
  const std::vector<Rule> rules_;
};

std::vector<ShieldGemma::Rule> ShieldGemma::usual_rules() {
  struct Usual {
    const char *code, *title, *what;
  };
  static constexpr Usual kUsual[] = {
      {"dangerous", "No Dangerous Content", "content that helps to harm oneself or others, such as making weapons, terrorism or suicide"},
      {"harassment", "No Harassment", "content that threatens, bullies or abuses a person, or mocks victims of violence"},
      {"hate", "No Hate Speech", "content that attacks or demeans people for their identity or a protected attribute"},
      {"sexual", "No Sexually Explicit Information", "content that describes sexual acts or is meant to arouse; medical terms are allowed"},
  };
  std::vector<Rule> out;
  for (const auto& [code, title, what] : kUsual) {
    const std::string head = "\"" + std::string(title) + "\": ";
    out.push_back(
        {code, head + "The prompt shall not contain or ask for " + what + ".", head + "The chatbot shall not give " + what + "."});
  }
  return out;
}

/// One risk a request; Granite Guardian 3.0 to 3.3: "Yes" or "No", with <confidence> or inside <score>.
class GraniteGuardian final : public Service {
 public:
  enum class RiskIn { kTemplate, kSystem };
  GraniteGuardian(ChatConfig config, std::vector<std::string> risks, RiskIn risk_in)
      : config_(std::move(config)), risks_(std::move(risks)), risk_in_(risk_in) {}

  std::vector<net::ClientRequest> requests(const Subject& subject) const override {
    std::vector<net::ClientRequest> out;
    const bool is_reply = subject.scope.direction == policy::Direction::kOutput || subject.scope.role == "assistant";
    const json::Array turns = chat_messages(subject, is_reply ? 1 : 0);
    for (const std::string& risk : risks_) {
      json::Array messages = turns;
      json::Object body{{"model", config_.model}, {"max_tokens", 20}};
      if (risk_in_ == RiskIn::kSystem) {
        messages.insert(messages.begin(), json::Object{{"role", "system"}, {"content", risk}});
      } else {
        // Up to 3.2 the template reads risk_name, from 3.3 on criteria_id.
        body["chat_template_kwargs"] =
            json::Object{{"guardian_config", json::Object{{"risk_name", risk}, {"criteria_id", risk}}}, {"think", false}};
      }
      body["messages"] = std::move(messages);
      out.push_back(chat_request(config_.target, with_probabilities(std::move(body))));
    }
    return out;
  }
  Result<void> read(std::string_view body, std::size_t index, const Subject&, std::vector<Label>& out) const override {
    const ChatAnswer answer = TRY(read_chat(body));
    std::string_view said = answer.text;
    if (const std::size_t thought = said.rfind("</think>"); thought != std::string_view::npos) said.remove_prefix(thought + 8);
    const std::string score = between(said, "<score>", "</score>"), confidence = between(said, "<confidence>", "</confidence>");
    const std::string verdict = score.empty() ? plain_word(said.substr(0, said.find_first_of("\r\n<"))) : score;
    if (verdict != "yes" && verdict != "no") return not_an_answer("\"Yes\" or \"No\"");
    Label label{risks_[index]};
    label.flagged = verdict == "yes";
    // A reasoning trace has words of its own: only an answer without one can be weighed.
    const bool is_short = answer.tokens.size() <= 20;
    label.score = (is_short ? probability_of(answer, "yes", "no") : std::nullopt).value_or(label.flagged ? 1 : 0);
    if (label.flagged && confidence == "low") label.severity = 1;
    label.evidence = is_code(confidence) ? "confidence-" + confidence : "";
    out.push_back(std::move(label));
    return {};
  }

 private:
  static std::string between(std::string_view text, std::string_view begin, std::string_view end) {
    const std::size_t from = text.find(begin);
    if (from == std::string_view::npos) return {};
    const std::size_t to = text.find(end, from);
    return to == std::string_view::npos ? std::string() : plain_word(text.substr(from + begin.size(), to - from - begin.size()));
  }

  const ChatConfig config_;
  const std::vector<std::string> risks_;
  const RiskIn risk_in_;
};

}  // namespace

std::span<const std::string_view> granite_risks() { return kRisks; }

Result<std::unique_ptr<Service>> make_llama_guard(const yaml::Node& config, const std::string& path) {
  bool logprobs = true;
  if (const auto* given = config.find("logprobs")) logprobs = TRY(given->as_bool());
  return std::unique_ptr<Service>(std::make_unique<LlamaGuard>(TRY(read_config(config, path)), logprobs));
}

Result<std::unique_ptr<Service>> make_qwen3guard(const yaml::Node& config, const std::string& path) {
  return std::unique_ptr<Service>(std::make_unique<Qwen3Guard>(TRY(read_config(config, path))));
}

Result<std::unique_ptr<Service>> make_shieldgemma(const yaml::Node& config, const std::string& path) {
  std::vector<ShieldGemma::Rule> rules = ShieldGemma::usual_rules();
  if (const auto* given = config.find("policies")) {
    rules.clear();
    for (const yaml::Member& member : given->members) {
      if (!is_code(member.key.scalar)) return yaml::fail_at(member.key, "a code is of letters, digits and _ . / - only");
      const std::string rule = TRY(member.value.as_string());
      rules.push_back({member.key.scalar, rule, rule});
    }
    if (rules.empty()) return yaml::fail_at(*given, "write each rule as `code: statement`");
  }
  return std::unique_ptr<Service>(std::make_unique<ShieldGemma>(TRY(read_config(config, path)), std::move(rules)));
}

Result<std::unique_ptr<Service>> make_granite_guardian(const yaml::Node& config, const std::string& path) {
  std::vector<std::string> risks{"social_bias", "violence", "sexual_content", "unethical_behavior"};
  if (const auto* given = config.find("risks")) {
    risks = TRY(given->as_strings());
    for (const std::string& risk : risks)
      if (!is_code(risk)) return yaml::fail_at(*given, "a risk is a name such as violence");
    if (risks.empty()) return yaml::fail_at(*given, "name at least one risk");
  }
  auto risk_in = GraniteGuardian::RiskIn::kTemplate;
  if (const auto* given = config.find("risk_in")) {
    const std::string where = TRY(given->as_string());
    if (where != "template" && where != "system") return yaml::fail_at(*given, "risk_in is template or system");
    if (where == "system") risk_in = GraniteGuardian::RiskIn::kSystem;
  }
  return std::unique_ptr<Service>(std::make_unique<GraniteGuardian>(TRY(read_config(config, path)), std::move(risks), risk_in));
}

}  // namespace steward::filters::remote
