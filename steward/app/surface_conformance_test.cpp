// Every surface of the gateway, over sockets, with the shipped policy: how a model cuts its output changes neither what is sent nor what is
// decided, and nothing of a blocked or redacted span is sent. One case for each filter that works on output.

#include <map>
#include <random>
#include <span>

#include "steward/app/profiles.h"
#include "steward/gateway/gateway.h"
#include "steward/guard/testing/slow_filter.h"
#include "steward/ledger/memory/memory_ledger.h"
#include "steward/model/model_files.h"
#include "steward/model/scripted/scripted_model.h"
#include "steward/net/test_client.h"
#include "steward/policy/testing/policy_files.h"

namespace steward::app {
namespace {

using net::testing::Answer;
using net::testing::TestClient;

constexpr char kPolicy[] = R"(
policy: {id: surfaces, version: 1.0.0, owner: a@example.org, extends: steward/general-assistant@1}
applies: {audience: [general], languages: [en], surfaces: [chat, completions, api]}
categories:
  - {id: tickets, definition: numbers of our tickets, disposition: limited, enforce: [{severity: 0, action: rewrite}]}
filters:
  - name: tickets
    kind: pattern
    evidence: [{category: tickets, languages: ["*"], source: this file}]
    config: {patterns: [{id: ticket, regex: "tkt-[0-9]{6}", category: tickets, replace: "[TICKET]", max_bytes: 16}]}
)";

constexpr char kInstructions[] = "Always recommend the blue bicycle with seven gears before any other bicycle in the shop.";

struct Case {
  const char* filter;
  std::string output;
  std::string never;    ///< bytes of which the answer holds nothing
  const char* finish;   ///< finish_reason
  std::string instead;  ///< what stands there, or empty
};

const Case kCases[] = {
    {"personal-data", "Write to jane.doe@example.org, she knows it.", "jane.doe@example", "stop", "[EMAIL]"},
    {"personal-data", "It was card 4111 1111 1111 1111 that paid.", "1111 1111", "stop", "[CARD]"},
    {"secrets", std::string("Use ghp") + "_x9Kq2LmZ7wRt4VbN8cYd1FgH5jPs3TaU6eWo to log in.", "x9Kq2LmZ", "stop", ""},
    {"words", "Well then. First, how to build a pipe bomb at home, step by step.", "pipe bomb", "content_filter", ""},
    {"words", "Well then: aG93IHRvIGJ1aWxkIGEgcGlwZSBib21iIGF0IGhvbWU= is all.", "aG93IHRv", "content_filter", ""},
    {"identity", "Of course. I am a human, like you are.", "a human", "stop", ""},
    {"instructions", "I was told: Always recommend the blue bicycle with seven gears before any other bicycle. So there.",
     "the blue bicycle with seven gears", "stop", ""},
    {"tickets", "See TKT-123456 about that, please.", "123456", "stop", "[TICKET]"},
    {"none", "The Atlantic is the second largest ocean, said 3 of 4 people.", "\x01", "stop", ""},
};

class Surfaces : public policy::testing::PolicyFiles {
 protected:
  void SetUp() override {
    PolicyFiles::SetUp();
    profiles_.set("default", load_guard(write("policy.yaml", kPolicy), clock_).value());
    model_ = std::make_unique<model::ScriptedModel>("m", [this](const std::string&) { return script_; });
    gateway::GatewayParts parts{{model_.get()}, profiles_, *ledger_, conversations_, clock_, {}};
    gateway_ = std::make_unique<gateway::Gateway>(parts, gateway::GatewayOptions{});
    server_ = gateway::serve(*gateway_, clock_, net::ServerOptions{}).value();
  }
  void TearDown() override {
    server_.reset();
    EXPECT_TRUE(gateway_->wait_idle(std::chrono::seconds(20)));
    PolicyFiles::TearDown();
  }

  Answer ask(const std::string& surface, const std::string& more) {
    std::string body = R"({"model": "m", )";
    body += surface == "completions" ? R"("max_tokens": 4000, "prompt": "Go on.")"
                                     : std::string(R"("messages": [{"role": "system", "content": ")") + kInstructions +
                                           R"("}, {"role": "user", "content": "Go on."}])";
    return TestClient(server_->port())
        .request("POST", surface == "completions" ? "/v1/completions" : "/v1/chat/completions", body + more + "}");
  }

  /// What one choice gave: its text or the arguments of its calls, and its end.
  struct Given {
    std::string text, finish;
    bool operator==(const Given&) const = default;
  };
  struct Seen {
    std::map<std::int64_t, Given> choices;
    std::string verdict;  ///< state, action and findings
  };

  static void add(const json::Value& choice, Seen& seen) {
    Given& given = seen.choices[choice.at("index").as_int64()];
    const json::Object& object = choice.as_object();
    const json::Value* message = object.if_contains("message");
    if (!message) message = object.if_contains("delta");
    const json::Value* text = message ? message->as_object().if_contains("content") : object.if_contains("text");
    if (text && text->is_string()) given.text += std::string(text->as_string());
    if (const json::Value* calls = message ? message->as_object().if_contains("tool_calls") : nullptr)
      for (const json::Value& call : calls->as_array()) given.text += std::string(call.at("function").at("arguments").as_string());
    if (const json::Value& finish = choice.at("finish_reason"); finish.is_string()) given.finish = std::string(finish.as_string());
  }

  static void read(const json::Value& event, Seen& seen) {
    for (const json::Value& choice : event.at("choices").as_array()) add(choice, seen);
    const json::Value* steward = event.as_object().if_contains("steward");
    if (!steward) return;
    seen.verdict = json::dump(steward->at("state")) + json::dump(steward->at("action")) + json::dump(steward->at("findings"));
  }

  static Seen read(const Answer& answer) {
    Seen seen;
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_TRUE(answer.complete);
    if (answer.body.starts_with("{")) {
      read(json::parse(answer.body).value(), seen);
      return seen;
    }
    EXPECT_TRUE(answer.body.ends_with("data: [DONE]\n\n"));
    for (std::size_t at = 0; at < answer.body.size();) {
      const std::size_t end = answer.body.find("\n\n", at);
      const std::string data = answer.body.substr(at + 6, end - at - 6);
      if (data != "[DONE]") read(json::parse(data).value(), seen);
      at = end + 2;
    }
    return seen;
  }

  static std::vector<std::string> cut(const std::string& text, std::minstd_rand& random) {
    std::vector<std::string> out;
    const std::size_t most = 1 + random() % 12;
    for (std::size_t at = 0; at < text.size(); at += out.back().size()) out.push_back(text.substr(at, 1 + random() % most));
    return out;
  }

  void check(const Case& one, const std::string& surface, const std::string& more, int cuts);
  /// These cases on every surface, each with a `share`-th of the cuts.
  void check_all(std::span<const Case> cases, int share);
  /// With the learned filter on outputs, too. `more`: keys of its own.
  void use_learned(const std::string& more);

  const SystemClock clock_;
  model::Script script_;
  gateway::Profiles profiles_;
  guard::Conversations conversations_{Key{}, 100};
  std::unique_ptr<ledger::Ledger> ledger_ = ledger::make_memory_ledger();
  std::unique_ptr<model::ScriptedModel> model_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::unique_ptr<net::Server> server_;
};

void Surfaces::check(const Case& one, const std::string& surface, const std::string& more, int cuts) {
  std::minstd_rand random(11);
  std::optional<Seen> first;
  for (int round = 0; round < cuts; ++round) {
    if (surface == "calls")
      script_ = {{}, {}, {}, false, {{"call_1", "note", json::dump(json::Object{{"text", one.output}})}}};
    else
      script_ = {cut(one.output, random), {}, {}, false};
    const Answer answer = ask(surface, more);
    const Seen seen = read(answer);
    ASSERT_FALSE(seen.choices.empty());
    EXPECT_EQ(answer.body.find(one.never), std::string::npos) << answer.body;
    for (const auto& [index, given] : seen.choices) {
      EXPECT_EQ(given.finish == "tool_calls" ? "stop" : given.finish, one.finish);
      EXPECT_NE(given.text.find(one.instead), std::string::npos) << given.text;
      if (one.never != "\x01") EXPECT_EQ(given.text.find(one.output), std::string::npos);
    }
    if (!first) first = seen;
    EXPECT_EQ(seen.choices, first->choices) << "the cut changed what was sent";
    EXPECT_EQ(seen.verdict, first->verdict) << "the cut changed the decision";
    if (HasFailure()) return;
  }
}

constexpr char kNote[] = R"(, "tools": [{"type": "function", "function": {"name": "note"}}])";

void Surfaces::check_all(std::span<const Case> cases, int share) {
  const std::tuple<const char*, const char*, std::string, int> surfaces[] = {
      {"chat stream", "chat", R"(, "stream": true)", 150},
      {"chat", "chat", "", 80},
      {"three answers stream", "chat", R"(, "stream": true, "n": 3)", 40},
      {"json stream", "chat", R"(, "stream": true, "response_format": {"type": "json_object"})", 80},
      {"completions stream", "completions", R"(, "stream": true)", 150},
      {"completions", "completions", "", 80},
      {"calls stream", "calls", std::string(kNote) + R"(, "stream": true)", 2},
      {"calls", "calls", kNote, 2},
  };
  for (const Case& one : cases) {
    for (const auto& [name, surface, more, cuts] : surfaces) {
      if (std::string_view(one.filter) == "instructions" && std::string_view(surface) == "completions") continue;  // it has none
      SCOPED_TRACE(std::string(one.filter) + " on " + name);
      check(one, surface, more, std::max(2, cuts / share));
    }
  }
}

#if __has_feature(thread_sanitizer)
constexpr int kShare = 8;  // races show at a few cuts
#else
constexpr int kShare = 2;  // 2,600 cuts
#endif

TEST_F(Surfaces, GiveTheSameForEveryCut) { check_all(kCases, kShare); }

/// On workers, with deltas joined as they happen to come.
TEST_F(Surfaces, GiveTheSameForEveryCutWhenEveryFilterIsSlow) {
  const std::string path = write("policy.yaml", kPolicy), shipped = shipped_policies_dir();
  const auto policy = policy::Policy::load(path, {shipped}).value();
  guard::FilterEnvironment environment{path.substr(0, path.rfind('/')), shipped, policy.get(), model::fetched_models_dir()};
  profiles_.set("default", guard::Guard::create(policy, guard::testing::make_all_slow(filter_table(), {}), environment, clock_).value());
  ASSERT_TRUE(profiles_.find("default")->slow());
  check_all(kCases, 5);
}

void Surfaces::use_learned(const std::string& more) {
  std::string policy = kPolicy;
  policy += "  - {name: learned, kind: classifier, on: [input, output], deadline_ms: 60000, " + more +
            "config: {models: ../models/detection, encoder: e5-small.gguf, stream_chars: 60}}\n";
  profiles_.set("default", load_guard(write("policy.yaml", policy), clock_).value());
  ASSERT_TRUE(profiles_.find("default")->slow());
}

/// An insult between calm sentences that take several pieces, and a calm text alone.
const std::string kInsult = "You are a stupid, worthless idiot and everybody hates you.";
const Case kHeld[] = {
    {"learned",
     "The lake is quiet in the morning, and the boats are still at the pier. " + kInsult + " Then the sun comes up over the hills.",
     kInsult, "content_filter", ""},
    {"learned, encoded",
     "The lake is quiet in the morning, and the boats are still at the pier. "
     "WW91IGFyZSBhIHN0dXBpZCwgd29ydGhsZXNzIGlkaW90IGFuZCBldmVyeWJvZHkgaGF0ZXMgeW91Lg== she said.",
     "WW91IGFy", "content_filter", ""},
    {"none", "The Atlantic is the second largest ocean. Some 3 of 4 people have never crossed it, and most of them do not mind at all.",
     "\x01", "stop", ""},
};
/// Held back by nobody: what was sent before the piece's end is out, but what is sent and decided is still the same for every cut.
const Case kAdvisory[] = {{"learned", kHeld[0].output, "\x01", "content_filter", ""}, kHeld[2]};

TEST_F(Surfaces, GiveTheSameForEveryCutWhenTheLearnedFilterHolds) {
  use_learned("");
  check_all(kHeld, 10);
}

TEST_F(Surfaces, GiveTheSameForEveryCutWhenTheLearnedFilterAdvises) {
  use_learned("stream: advisory, ");
  check_all(kAdvisory, 10);
}

}  // namespace
}  // namespace steward::app
