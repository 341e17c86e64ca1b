#include "steward/filters/remote/remote.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <mutex>

#include <fmt/format.h>

#include "steward/filters/remote/testing/fake_services.h"
#include "steward/guard/conformance.h"
#include "steward/guard/guard.h"
#include "steward/guard/testing/table_policy.h"
#include "steward/net/test_server.h"

namespace steward::filters {
namespace {

using net::testing::ScriptedServer;
using net::testing::ServerPeer;
using remote::testing::answer_of;
using remote::testing::fake_services;
using remote::testing::FakeService;

constexpr char kPolicies[] = STEWARD_SOURCE_DIR "/policies";

struct Asked {
  std::string head, body;
};

/// A server that answers as a service does, and notes what it was asked.
class Server {
 public:
  explicit Server(const FakeService& service)
      : server_([this, &service](ServerPeer& peer, int) {
          while (peer.read_request()) {
            {
              const std::lock_guard lock(mutex_);
              asked_.push_back({peer.head, peer.body});
            }
            peer.send_json(answer_of(service, peer.body));
          }
        }) {}
  std::uint16_t port() const { return server_.port(); }
  std::vector<Asked> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  std::mutex mutex_;
  std::vector<Asked> asked_;
  ScriptedServer server_;
};

policy::FilterSpec spec_of(const FakeService& service, std::uint16_t port, const std::string& more = "timeout_ms: 60000") {
  ::setenv("STEWARD_TEST_REMOTE_KEY", "the-key", 1);
  auto spec = guard::testing::TablePolicy::filter(
      "under-test", "remote",
      fmt::format("{{service: {}, url: 'http://127.0.0.1:{}', api_key_env: STEWARD_TEST_REMOTE_KEY{}{}, {}}}", service.name, port,
                  service.config.empty() ? "" : ", ", service.config, more));
  spec.on_output = service.name != "azure_shield";
  return spec;
}

/// A filter of its own, with a breaker's clock that stands still.
struct Filter {
  Filter(const FakeService& service, std::uint16_t port, const std::string& more = "timeout_ms: 60000")
      : spec(spec_of(service, port, more)), filter(open_remote_filter(spec, {kPolicies, kPolicies, &policy}, clock).value()) {}

  Result<std::vector<guard::Finding>> scan(const std::string& text, policy::Direction direction = policy::Direction::kInput,
                                           const std::string& role = "user") const {
    guard::Scope scope;
    scope.context.language = "en";
    scope.direction = direction;
    scope.role = role;
    std::vector<guard::Finding> out;
    TRY(filter->scan(text::Views(text), scope, out));
    return out;
  }
  ErrorCode error() const {
    const auto found = scan("fine");
    return found ? ErrorCode::kInternal : found.error().code;
  }

  ManualClock clock;
  guard::testing::TablePolicy policy;
  policy::FilterSpec spec;
  std::unique_ptr<guard::Filter> filter;
};

std::string as_text(const guard::Finding& finding) {
  return fmt::format("{}.{} {} {:.2f} {}", finding.category, finding.subtype, finding.severity, finding.score, finding.evidence);
}

class RemoteServices : public ::testing::TestWithParam<FakeService> {};
INSTANTIATE_TEST_SUITE_P(All, RemoteServices, ::testing::ValuesIn(fake_services()), [](const auto& info) { return info.param.name; });

TEST_P(RemoteServices, FindWhatTheServiceFinds) {
  Server server(GetParam());
  const Filter filter(GetParam(), server.port());
  EXPECT_TRUE(filter.filter->slow());
  EXPECT_TRUE(filter.scan("All is fine.").value().empty());
  const auto found = filter.scan("This is BAD.").value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(as_text(found[0]), GetParam().expected);
  EXPECT_EQ(found[0].span, (text::Span{0, 12}));
  EXPECT_EQ(found[0].filter, "under-test");
  for (const Asked& asked : server.asked()) {
    EXPECT_TRUE(asked.head.starts_with("POST " + GetParam().target + " HTTP/1.1\r\n")) << asked.head;
    EXPECT_NE(asked.head.find(GetParam().key), std::string::npos) << asked.head;
    for (const std::string& part : GetParam().asks) EXPECT_NE(asked.body.find(part), std::string::npos) << part << " in " << asked.body;
  }
  const std::size_t before = server.asked().size();
  EXPECT_TRUE(filter.scan(" \n\t ").value().empty());
  EXPECT_EQ(server.asked().size(), before) << "blank texts are not sent";
}

/// Puts something else in the place of each value inside `value`, one at a time.
void mutate(const json::Value& root, json::Value& value, const std::function<void(const json::Value&)>& then) {
  const json::Value was = value;
  for (const char* other : {"null", "true", "-1", "99", "1.5", "\"\"", "\"x y\"", "[]", "{}", "[[]]"}) {
    value = json::parse(other).value();
    then(root);
  }
  value = was;
  if (auto* object = value.if_object()) {
    for (const auto& [key, child] : json::Object(*object)) {
      json::Value taken = std::move(object->at(key));
      object->erase(key);
      then(root);
      (*object)[key] = std::move(taken);
      mutate(root, object->at(key), then);
    }
  } else if (auto* array = value.if_array()) {
    for (json::Value& child : *array) mutate(root, child, then);
  }
}

TEST_P(RemoteServices, WrongAnswersAreErrors) {
  for (const remote::ServiceKind& kind : remote::services()) {
    if (kind.name != GetParam().name) continue;
    Filter filter(GetParam(), 1);
    const auto service = kind.make(filter.spec.config, "").value();
    const guard::Scope scope;
    const remote::Subject subject{"BAD text", scope};
    const auto read = [&](std::string_view body) {
      std::vector<remote::Label> labels;
      const auto result = service->read(body, 0, subject, labels);
      for (const remote::Label& label : labels) {
        EXPECT_TRUE(label.score >= 0 && label.score <= 1 && label.severity.value_or(0) >= 0 && label.severity.value_or(0) <= 3);
        EXPECT_TRUE(!label.span || (!label.span->empty() && label.span->end <= subject.text.size()));
      }
      if (!result) EXPECT_EQ(result.error().code, ErrorCode::kUnavailable) << body;
      return result.has_value();
    };
    for (const char* wrong : {"", "null", "[]", "{}", "\"safe\"", "<html>", "{\"error\": {\"message\": \"no\"}}"})
      EXPECT_FALSE(read(wrong)) << wrong;
    const std::string right = GetParam().flagged;
    EXPECT_TRUE(read(right));
    for (std::size_t size = 0; size < right.size(); ++size) EXPECT_FALSE(read(right.substr(0, size))) << "cut at " << size;
    json::Value root = json::parse(right).value();
    int refused = 0;
    mutate(root, root, [&](const json::Value& value) { refused += read(json::dump(value)) ? 0 : 1; });
    EXPECT_GT(refused, 15);
  }
}

struct Fault {
  const char* name;
  ErrorCode code;
  std::function<void(ServerPeer&, const std::string& answer)> act;
};

std::vector<Fault> faults() {
  const auto status = [](const char* line) { return [line](ServerPeer& peer, const std::string&) { peer.send_json("{}", line); }; };
  return {
      {"not this key", ErrorCode::kUnavailable, status("401 Unauthorized")},
      {"refused", ErrorCode::kInvalidInput, status("400 Bad Request")},
      {"too large", ErrorCode::kTooLarge, status("413 Content Too Large")},
      {"busy for ever", ErrorCode::kResourceExhausted, status("429 Too Many Requests")},
      {"down", ErrorCode::kUnavailable, status("500 Internal Server Error")},
      {"elsewhere", ErrorCode::kUnavailable, status("302 Found")},
      {"garbage", ErrorCode::kUnavailable, [](ServerPeer& peer, const std::string&) { peer.send_json("<html>"); }},
      {"not HTTP", ErrorCode::kUnavailable,
       [](ServerPeer& peer, const std::string&) {
         peer.send("what?\r\n\r\n");
         peer.leave();
       }},
      {"huge", ErrorCode::kTooLarge, [](ServerPeer& peer, const std::string&) { peer.send_json(std::string(5 << 20, ' ')); }},
      {"leaves in the middle", ErrorCode::kUnavailable,
       [](ServerPeer& peer, const std::string& answer) {
         peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + answer.substr(0, 5));
         peer.leave();
       }},
      {"resets", ErrorCode::kUnavailable, [](ServerPeer& peer, const std::string&) { peer.reset(); }},
  };
}

TEST_P(RemoteServices, ServersThatFailAreErrors) {
  for (const Fault& fault : faults()) {
    ScriptedServer server([&](ServerPeer& peer, int) {
      while (peer.read_request()) fault.act(peer, answer_of(GetParam(), peer.body));
    });
    EXPECT_EQ(Filter(GetParam(), server.port(), "timeout_ms: 60000, retries: 0").error(), fault.code) << fault.name;
  }
  std::uint16_t port = 0;
  {
    const ScriptedServer gone([](ServerPeer&, int) {});
    port = gone.port();
  }
  EXPECT_EQ(Filter(GetParam(), port).error(), ErrorCode::kUnavailable) << "nobody there";
}

TEST_P(RemoteServices, SilenceEndsWithTheTimeout) {
  ScriptedServer server([&](ServerPeer& peer, int) {
    if (peer.read_request()) peer.hang();
  });
  EXPECT_EQ(Filter(GetParam(), server.port(), "timeout_ms: 20").error(), ErrorCode::kDeadlineExceeded);
}

TEST_P(RemoteServices, AreAskedAgain) {
  for (const char* busy : {"429 Too Many Requests", "502 Bad Gateway", "503 Service Unavailable"}) {
    std::mutex mutex;
    std::map<std::string, int> times;  // of each body
    ScriptedServer server([&](ServerPeer& peer, int) {
      while (peer.read_request()) {
        bool first;
        {
          const std::lock_guard lock(mutex);
          first = times[peer.body]++ == 0;
        }
        first ? peer.send_json("{}", busy) : peer.send_json(answer_of(GetParam(), peer.body));
      }
    });
    const auto found = Filter(GetParam(), server.port()).scan("This is BAD.");
    ASSERT_TRUE(found) << busy << ": " << found.error().message;
    EXPECT_EQ(found->size(), 1u) << busy;
  }
}

TEST_P(RemoteServices, AreLeftAloneWhileTheyFail) {
  std::atomic<bool> works{false};
  std::atomic<int> asked{0};
  ScriptedServer server([&](ServerPeer& peer, int) {
    while (peer.read_request()) {
      ++asked;
      peer.send_json(works ? answer_of(GetParam(), peer.body) : "no JSON");
    }
  });
  Filter filter(GetParam(), server.port(), "timeout_ms: 60000, breaker: {failures: 1, open_seconds: 30}");
  EXPECT_EQ(filter.error(), ErrorCode::kUnavailable);
  const int before = asked;
  EXPECT_EQ(filter.error(), ErrorCode::kUnavailable);
  EXPECT_EQ(asked, before) << "an open breaker asks nobody";
  works = true;
  filter.clock.advance(std::chrono::seconds(30));
  EXPECT_TRUE(filter.scan("fine"));
}

std::shared_ptr<const guard::Guard> guard_of(policy::FilterSpec spec, policy::Action action, const std::vector<std::string>& categories) {
  static const ManualClock clock;
  auto policy = std::make_shared<guard::testing::TablePolicy>();
  spec.deadline = std::chrono::seconds(60);
  policy->filter_specs = {std::move(spec)};
  for (const std::string& category : categories) policy->act(category, action);
  return guard::Guard::create(policy, make_remote, {kPolicies, kPolicies, policy.get()}, clock).value();
}

TEST_P(RemoteServices, FailAsThePolicySays) {
  ScriptedServer server([](ServerPeer& peer, int) {
    while (peer.read_request()) peer.send_json("{}", "500 Internal Server Error");
  });
  auto spec = spec_of(GetParam(), server.port());
  for (const auto mode : {policy::FailMode::kClosed, policy::FailMode::kOpen}) {
    spec.fail_mode = mode;
    const auto decision = guard_of(spec, policy::Action::kBlock, {})->check_text({}, policy::Direction::kInput, "fine");
    EXPECT_EQ(decision.failed_closed, mode == policy::FailMode::kClosed);
    EXPECT_EQ(decision.action, mode == policy::FailMode::kClosed ? policy::Action::kBlock : policy::Action::kPass);
    EXPECT_FALSE(decision.scanned[0].skipped.empty()) << "it is recorded";
  }
}

/// About 9000 bytes in three scripts.
std::string long_text() {
  std::string text;
  for (int i = 0; i < 120; ++i) {
    text += i % 3 == 0   ? "A sentence of words, number " + std::to_string(i) + ". "
            : i % 3 == 1 ? "Ein längerer Satz folgt darauf hier! "
                         : "一二三。";
    if (i == 40 || i == 100) text += "This one is BAD. ";
    if (i % 30 == 29) text += "\n\n" + std::string(300, 'x') + " ";
  }
  return text;
}

TEST(Remote, CutsChangeNothing) {
  for (const FakeService& service : fake_services()) {
    if (service.name != "azure_text" && service.name != "qwen3guard") continue;
    Server server(service);
    const auto category = service.name == "azure_text" ? "sexual_content" : "self_harm";
    for (const auto action : {policy::Action::kLog, policy::Action::kRewrite, policy::Action::kBlock}) {
      const auto guard = guard_of(spec_of(service, server.port(), "timeout_ms: 60000, stream_chars: 120"), action, {category});
      guard::Turn turn{{}, std::make_shared<guard::Conversation>(Key{})};
      turn.context.language = "en";
      EXPECT_EQ(guard::check_stream_invariance(*guard, turn, long_text().substr(0, 3000), 2, 7), "") << service.name;
    }
  }
}

TEST(Remote, StreamsAreJudgedBeforeTheyAreSent) {
  const FakeService& service = fake_services()[1];
  Server server(service);
  const auto guard = guard_of(spec_of(service, server.port()), policy::Action::kBlock, {"sexual_content"});
  const std::string good(1000, 'a'), bad = std::string(1000, 'b') + " BAD ";
  const auto output = guard->open_output({{}, std::make_shared<guard::Conversation>(Key{})});
  std::string sent;
  for (const char c : good + ". " + bad + std::string(3000, 'c')) sent += output->push(std::string(1, c)).text;
  sent += output->finish().text;
  EXPECT_EQ(sent, good + ". ");
  EXPECT_FALSE(output->decision().failed_closed);
  EXPECT_LE(output->decision().held_bytes_max, 2300u);
}

TEST(Remote, LongInputsAreCutToWhatTheServiceTakes) {
  const FakeService& service = fake_services()[1];
  Server server(service);
  const Filter filter(service, server.port());
  std::string text;
  for (int i = 0; i < 2000; ++i) text += i == 1500 ? "This is BAD. " : "Some words here. ";
  const auto found = filter.scan(text).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_LE(found[0].span.size(), 10'000u);
  EXPECT_NE(std::string_view(text).substr(found[0].span.begin, found[0].span.size()).find("BAD"), std::string::npos);
  EXPECT_EQ(server.asked().size(), 4u);
  for (const Asked& asked : server.asked()) EXPECT_LE(json::parse(asked.body).value().as_object()["text"].as_string().size(), 10'000u);
}

TEST(Remote, TermsOfBlocklistsAreFoundInTheText) {
  FakeService service = fake_services()[1];
  service.flagged =
      R"({"blocklistsMatch":[{"blocklistName":"mine","blocklistItemId":"i-1","blocklistItemText":"bäd word"}],"categoriesAnalysis":[]})";
  service.clean = service.flagged;
  Server server(service);
  const auto found = Filter(service, server.port(), "categories: {blocklist: confidential}").scan("ü BäD WORD, bäd word").value();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(as_text(found[0]), "confidential. 2 1.00 blocklist:mine i-1");
  EXPECT_EQ(found[0].span, (text::Span{3, 12}));
  EXPECT_EQ(found[1].span, (text::Span{14, 23}));
}

TEST(Remote, SpansOfTheDocumentedServiceAreBytes) {
  FakeService service = fake_services()[4];
  ASSERT_EQ(service.name, "http");
  service.flagged = R"({"findings":[{"category":"hate","begin":3,"end":6}]})";
  Server server(service);
  const auto found = Filter(service, server.port()).scan("ä BAD").value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].span, (text::Span{3, 6}));
  service.flagged = R"({"findings":[{"category":"hate","begin":1,"end":6}]})";
  EXPECT_EQ(Filter(service, server.port()).scan("ä BAD").error().code, ErrorCode::kUnavailable) << "inside a character";
}

TEST(Remote, GuardModelsSeeTheConversation) {
  const FakeService& service = fake_services()[5];
  ASSERT_EQ(service.name, "llama_guard");
  Server server(service);
  const Filter filter(service, server.port());
  const std::vector<guard::Message> messages{{"system", "be kind"}, {"user", "one"}, {"assistant", "two"}, {"tool", "three"}};
  guard::Scope scope;
  scope.direction = policy::Direction::kOutput;
  scope.messages = &messages;
  std::vector<guard::Finding> found;
  ASSERT_TRUE(filter.filter->scan(text::Views("four"), scope, found));
  const std::string body = server.asked().back().body;
  EXPECT_NE(body.find(R"([{"role":"user","content":""},{"role":"assistant","content":"two"},{"role":"user","content":"three"},)"
                      R"({"role":"assistant","content":"four"}])"),
            std::string::npos)
      << body;
}

TEST(Remote, DocumentsAreShieldedAsDocuments) {
  FakeService service = fake_services()[2];
  service.flagged = R"({"documentsAnalysis":[{"attackDetected":true}]})";
  Server server(service);
  const auto found = Filter(service, server.port()).scan("BAD", policy::Direction::kInput, "tool").value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(as_text(found[0]), "prompt_attack.injection 2 1.00 Document");
  EXPECT_EQ(server.asked().back().body, R"({"documents":["BAD"]})");
}

TEST(Remote, CodesAreMappedAsTheConfigSays) {
  const FakeService& service = fake_services()[0];
  Server server(service);
  const auto category = [&](const std::string& more) {
    const auto found = Filter(service, server.port(), more).scan("BAD").value();
    return found.empty() ? "none" : found[0].category + "." + found[0].subtype;
  };
  EXPECT_EQ(category("categories: {hate: harassment.threat}"), "harassment.threat");
  EXPECT_EQ(category("categories: {hate: ~}"), "none");
  EXPECT_EQ(category("score_min: 0.35"), "violent_crimes.") << "0.4 is enough now";
}

TEST(Remote, ErrorsSayWhatToWrite) {
  const auto error = [](const std::string& config) {
    const guard::testing::TablePolicy policy;
    const auto made = make_remote(guard::testing::TablePolicy::filter("f", "remote", config), {kPolicies, kPolicies, &policy});
    return made ? "" : made.error().message;
  };
  const std::pair<const char*, const char*> kCases[] = {
      {"{}", "needs `service`, one of openai_moderation"},
      {"{service: azure}", "one of openai_moderation, azure_text"},
      {"{service: azure_text}", "needs `url`"},
      {"{service: azure_text, url: 'ftp://x'}", "write the url"},
      {"{service: http, url: 'http://x', model: y}", "`model` means nothing to the service http"},
      {"{service: llama_guard, url: 'http://x'}", "needs `model`"},
      {"{service: http, url: 'http://x', api_key_env: STEWARD_TEST_NO_SUCH_KEY}", "STEWARD_TEST_NO_SUCH_KEY (api_key_env) is not set"},
      {"{service: http, url: 'http://x', timeout: 3}", "timeout_ms"},
      {"{service: azure_text, url: 'http://x', levels: 5}", "levels is 4 or 8"},
      {"{service: azure_shield, url: 'http://x'}", "on: [input]"},
      {"{service: azure_text, url: 'http://x', categories: {Hat: hate}}", "knows no code 'Hat'; known: Hate, SelfHarm"},
      {"{service: perspective, attributes: [RUDE]}", "attributes are TOXICITY"},
  };
  for (const auto& [config, expected] : kCases)
    EXPECT_NE(error(config).find(expected), std::string::npos) << config << ": " << error(config);
}

}  // namespace
}  // namespace steward::filters
