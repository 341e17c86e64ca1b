#include "steward/gateway/testing/gateway_fixture.h"

#include <thread>

#include "steward/core/check.h"

namespace steward::gateway::testing {

using net::testing::Answer;
using net::testing::TestClient;

GatewayTest::GatewayTest() {
  using policy::Action;
  policy_->act("bad", Action::kBlock);
  policy_->act("private", Action::kRewrite);
  policy::CannedReply help;
  help.id = "help";
  help.supportive = true;
  help.reply["en"] = "You are not alone.";
  policy_->canned_replies.push_back(help);
  policy_->filter_specs.push_back(
      guard::testing::TablePolicy::filter("words", "scripted",
                                          "{rules: [{text: forbidden, category: bad, severity: 2}, {text: secret, category: private, "
                                          "replace: '[S]'}, {text: danger, category: risk, reply: help}]}"));
  set_guard();
  model_ = std::make_unique<model::ScriptedModel>("m", [this](const std::string&) { return script_; });
  restart(options());
}

void GatewayTest::set_guard() {
  const auto guard = guard::Guard::create(policy_, factory_, {"", "", policy_.get()}, clock_);
  STEWARD_CHECK(guard.has_value());
  profiles_.set("default", *guard);
  profiles_.set("teen", *guard);
}

GatewayTest::~GatewayTest() {
  server_.reset();
  EXPECT_TRUE(gateway_->wait_idle(std::chrono::seconds(20)));
}

GatewayOptions GatewayTest::options() {
  GatewayOptions out;
  out.access.raw_on_loopback = true;
  return out;
}

void GatewayTest::restart(const GatewayOptions& options) {
  server_.reset();
  if (gateway_) EXPECT_TRUE(gateway_->wait_idle(std::chrono::seconds(20)));
  model::LanguageModel* model = other_model_ ? other_model_ : model_.get();
  GatewayParts parts{{model}, profiles_, ledger_, conversations_, clock_, {}};
  parts.codes = [](std::string_view scheme, std::string_view category, std::string_view) {
    if (category != "bad") return std::vector<std::string>{};
    return std::vector<std::string>{scheme == "openai" ? "violence" : scheme == "azure" ? "Violence" : "UserPrompt"};
  };
  gateway_ = std::make_unique<Gateway>(parts, options);
  net::ServerOptions server;
  server.io_threads = io_threads_;
  server.body_bytes_max = 1 << 20;
  server_ = serve(*gateway_, clock_, server).value();
}

Answer GatewayTest::post(const std::string& path, const std::string& body, const std::string& headers) {
  return TestClient(server_->port()).request("POST", path, body, headers);
}

Answer GatewayTest::get(const std::string& path, const std::string& headers) {
  return TestClient(server_->port()).request("GET", path, "", headers);
}

std::string GatewayTest::chat_body(const std::string& text, const std::string& more, const std::string& model) {
  return "{\"model\": \"" + model + "\", \"messages\": [{\"role\": \"user\", \"content\": " + json::dump(json::Value(text)) + "}]" + more +
         "}";
}

json::Object GatewayTest::parse(const Answer& answer) {
  const auto value = json::parse(answer.body);
  EXPECT_TRUE(value && value->is_object()) << answer.status << " " << answer.body;
  return value && value->is_object() ? value->as_object() : json::Object{};
}

std::vector<json::Value> GatewayTest::events(const Answer& answer) {
  std::vector<json::Value> out;
  for (std::size_t at = 0; at < answer.body.size();) {
    const std::size_t end = answer.body.find("\n\n", at);
    EXPECT_NE(end, std::string::npos);
    if (end == std::string::npos) break;
    const std::string line = answer.body.substr(at, end - at);
    EXPECT_TRUE(line.starts_with("data: ")) << line;
    at = end + 2;
    if (line == "data: [DONE]") {
      out.emplace_back("[DONE]");
      continue;
    }
    auto value = json::parse(line.substr(6));
    EXPECT_TRUE(value) << line;
    if (value) out.push_back(*value);
  }
  return out;
}

std::string GatewayTest::streamed_text(const Answer& answer) {
  std::string out;
  for (const json::Value& event : events(answer)) {
    if (!event.is_object() || !event.as_object().contains("choices")) continue;
    for (const json::Value& choice : event.at("choices").as_array()) {
      const json::Value* delta = choice.as_object().if_contains("delta");
      const json::Value* content = delta ? delta->as_object().if_contains("content") : nullptr;
      if (content && content->is_string()) out += std::string(content->as_string());
    }
  }
  return out;
}

std::string GatewayTest::expect_error(const Answer& answer, int status, const std::string& param) {
  EXPECT_EQ(answer.status, status) << answer.body;
  EXPECT_EQ(answer.header("content-type"), "application/json") << answer.body;
  EXPECT_NE(answer.header("x-request-id"), "");
  const auto value = json::parse(answer.body);
  if (!value || !value->is_object() || !value->as_object().contains("error")) {
    ADD_FAILURE() << "no error object: " << answer.body;
    return "";
  }
  const json::Object& error = value->at("error").as_object();
  EXPECT_EQ(error.size(), 4u);
  EXPECT_TRUE(error.at("type").is_string() && error.contains("code") && error.contains("param"));
  if (!param.empty()) {
    EXPECT_TRUE(error.at("param").is_string()) << answer.body;
    if (error.at("param").is_string()) EXPECT_EQ(error.at("param").as_string(), param) << answer.body;
  }
  const std::string message(error.at("message").as_string());
  EXPECT_FALSE(message.empty());
  return message;
}

std::vector<ledger::StoredEvent> GatewayTest::turn_events(const std::string& turn) const {
  ledger::Query query;
  query.turn = turn;
  return ledger_.read(query).value();
}

std::string GatewayTest::kinds(const std::string& turn) const {
  std::string out;
  const auto found = turn_events(turn);
  for (const auto& stored : found) out += (out.empty() ? "" : " ") + stored.event.kind;
  return out;
}

ledger::StoredEvent GatewayTest::wait_for(const std::string& kind, std::string_view state) const {
  ledger::Query query;
  query.kind = kind;
  for (int i = 0; i < 4000; ++i) {
    const auto found = ledger_.read(query).value();
    for (const auto& stored : found)
      if (state.empty() || stored.event.meta.at("state").as_string() == state) return stored;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ADD_FAILURE() << "no " << kind << " came";
  return {};
}

}  // namespace steward::gateway::testing
