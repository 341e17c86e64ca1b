// instant_gateway PRODUCT PORT [slow]: a product's guards and ledger around a model "mock" that answers at once, to profile what the
// gateway itself costs (bench/gateway/README.md); with `slow`, every filter says that it is slow, so that guards run on workers. Runs until
// its input ends.
#include <unistd.h>

#include <cstdlib>

#include <fmt/format.h>

#include "bench/gateway/prose.h"
#include "steward/app/product.h"
#include "steward/app/profiles.h"
#include "steward/app/storage.h"
#include "steward/gateway/gateway.h"
#include "steward/guard/testing/slow_filter.h"

namespace steward::bench {
namespace {

class InstantModel final : public model::LanguageModel {
 public:
  InstantModel() { record_.id = "mock"; }
  const model::ModelRecord& record() const override { return record_; }
  Result<std::unique_ptr<model::Generation>> start(model::GenerateRequest request, model::Sink sink) override {
    if (request.stream) {
      for (int i = 0; i < 100; ++i) sink.on_delta(kWords[static_cast<std::size_t>(i) % kWords.size()], {});
    } else {
      sink.on_delta(kAnswer, {});
    }
    sink.on_done(model::FinishReason::kStop, {180, 0, 170});
    return std::unique_ptr<model::Generation>(std::make_unique<Done>());
  }
  Result<std::vector<model::Token>> tokenize(std::string_view, bool, bool) const override { return std::vector<model::Token>(); }
  Result<std::string> detokenize(const std::vector<model::Token>&) const override { return std::string(); }
  model::TokenizerInfo tokenizer_info() const override { return {}; }
  Result<std::string> render(const std::vector<model::ChatMessage>&) const override { return std::string(); }

 private:
  struct Done final : model::Generation {
    void cancel() override {}
  };
  model::ModelRecord record_;
};

/// The guard of the profile `default`, each of its filters as a slow one.
Result<std::shared_ptr<const guard::Guard>> slow_guard(const app::Product& product, const Clock& clock) {
  const std::string path = product.policies.at("default"), shipped = app::shipped_policies_dir();
  const auto policy = TRY(policy::Policy::load(path, {shipped}));
  guard::FilterEnvironment environment{path.substr(0, path.rfind('/')), shipped, policy.get()};
  return guard::Guard::create(policy, guard::testing::make_all_slow(app::filter_table(), {}), environment, clock);
}

Result<void> run(const std::string& directory, std::uint16_t port, bool slow) {
  const app::Product product = TRY(app::load_product(directory));
  const Key master = TRY(app::open_master_key(product));
  SystemClock clock;
  gateway::Profiles profiles;
  const auto loader = TRY(app::ProfileLoader::load(product, clock, profiles));
  if (slow) profiles.set("default", TRY(slow_guard(product, clock)));
  const auto ledger = TRY(app::open_ledger(product, master));
  guard::Conversations conversations(derive_key(master, "steward/conversations/1"), 10'000);
  InstantModel model;
  gateway::GatewayParts parts{{&model}, profiles, *ledger, conversations, clock, {}};
  parts.codes = [](std::string_view, std::string_view, std::string_view) { return std::vector<std::string>(); };
  gateway::GatewayOptions options;
  options.secret = app::pseudonym_key(master);
  options.access.raw_on_loopback = true;
  gateway::Gateway gateway(parts, options);
  net::ServerOptions server;
  server.port = port;
  server.io_threads = 2;
  const auto running = TRY(gateway::serve(gateway, clock, server));
  fmt::print("ready on {}\n", running->port());
  std::fflush(stdout);
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) > 0) continue;
  running->stop(std::chrono::seconds(1));
  gateway.wait_idle(std::chrono::seconds(5));
  return {};
}

}  // namespace
}  // namespace steward::bench

int main(int count, char** words) {
  const bool slow = count == 4 && std::string_view(words[3]) == "slow";
  if (count != 3 && !slow) {
    fmt::print(stderr, "instant_gateway PRODUCT PORT [slow]\n");
    return 2;
  }
  const auto done = steward::bench::run(words[1], static_cast<std::uint16_t>(std::atoi(words[2])), slow);
  if (!done) fmt::print(stderr, "{}\n", done.error().message);
  return done ? 0 : 1;
}
