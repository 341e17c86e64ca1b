#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "steward/core/hash.h"
#include "steward/filters/scripted/scripted.h"
#include "steward/gateway/gateway.h"
#include "steward/guard/testing/table_policy.h"
#include "steward/ledger/memory/memory_ledger.h"
#include "steward/model/scripted/scripted_model.h"
#include "steward/net/test_client.h"

namespace steward::gateway::testing {

/// A memory ledger whose appends can be made to fail.
class FragileLedger final : public ledger::Ledger {
 public:
  void append(std::vector<ledger::Event> batch, std::function<void(Result<void>)> done) override {
    if (fails > 0 && --fails == 0) return done(fail(ErrorCode::kUnavailable, "disk full"));
    inner_->append(std::move(batch), std::move(done));
  }
  Result<ledger::ErasureReport> erase(const ledger::Erasure& erasure) override { return inner_->erase(erasure); }
  Result<std::vector<ledger::StoredEvent>> read(const ledger::Query& query) const override { return inner_->read(query); }
  Result<ledger::VerifyReport> verify() const override { return inner_->verify(); }
  std::atomic<int> fails{0};  ///< n: the n-th append from now fails

 private:
  std::unique_ptr<ledger::Ledger> inner_ = ledger::make_memory_ledger();
};

/// A gateway over real sockets, with a scripted model "m", a memory ledger, and a guard that blocks "forbidden", rewrites "secret"
/// to "[S]", and answers "danger" with a supportive reply.
class GatewayTest : public ::testing::Test {
 protected:
  GatewayTest();
  ~GatewayTest() override;

  /// Puts a guard of policy_ as it is now in force.
  void set_guard();
  /// Starts again with other options.
  void restart(const GatewayOptions& options);
  static GatewayOptions options();
  void says(std::vector<std::string> deltas) { script_ = {std::move(deltas), {}, {}, false}; }

  net::testing::Answer post(const std::string& path, const std::string& body, const std::string& headers = "");
  net::testing::Answer get(const std::string& path, const std::string& headers = "");
  /// {"model": "m", "messages": [{user, text}], more…}; `more` begins with a comma.
  static std::string chat_body(const std::string& text, const std::string& more = "", const std::string& model = "m");
  net::testing::Answer chat(const std::string& text, const std::string& more = "") {
    return post("/v1/chat/completions", chat_body(text, more));
  }
  static json::Object parse(const net::testing::Answer& answer);
  /// The events of a stream; [DONE] as a string.
  static std::vector<json::Value> events(const net::testing::Answer& answer);
  /// The text that all deltas of a chat stream give.
  static std::string streamed_text(const net::testing::Answer& answer);
  /// Checks the error shape of the API; returns its message.
  static std::string expect_error(const net::testing::Answer& answer, int status, const std::string& param = "");
  /// "kind kind …" of the events of one turn.
  std::string kinds(const std::string& turn) const;
  std::vector<ledger::StoredEvent> turn_events(const std::string& turn) const;
  /// Waits until some event of that kind, and with that `state` if one is given, was stored.
  ledger::StoredEvent wait_for(const std::string& kind, std::string_view state = "") const;

  guard::FilterFactory factory_ = filters::make_scripted;
  int io_threads_ = 2;
  SystemClock clock_;
  model::Script script_{{"Hello", " world", "!"}, {}, {}, false};
  std::shared_ptr<guard::testing::TablePolicy> policy_ = std::make_shared<guard::testing::TablePolicy>();
  FragileLedger ledger_;
  Profiles profiles_;
  guard::Conversations conversations_{Key{}, 100};
  std::unique_ptr<model::ScriptedModel> model_;
  model::LanguageModel* other_model_ = nullptr;  ///< that is served in its place
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<net::Server> server_;
};

}  // namespace steward::gateway::testing
