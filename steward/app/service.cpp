#include "steward/app/service.h"

#include <fmt/format.h>

#include "steward/app/storage.h"
#include "steward/core/ids.h"
#include "steward/ledger/spool.h"

namespace steward::app {
namespace {

constexpr std::size_t kConversationsInMemory = 10'000;

}  // namespace

Result<std::unique_ptr<Service>> Service::start(const Product& product, int io_threads) {
  std::unique_ptr<Service> service(new Service(product));
  const Key master = TRY(open_master_key(product));
  service->loader_ = TRY(ProfileLoader::load(product, {service->clock_, service->profiles_, service->opened_.for_filters()}));
  service->crosswalk_ = TRY(policy::Crosswalk::load(shipped_policies_dir() + "/crosswalk.sssom.tsv"));
  service->models_ = TRY(service->opened_.open_all());
  service->ledger_ = TRY(open_ledger(product, master));
  service->conversations_ = std::make_unique<guard::Conversations>(derive_key(master, "steward/conversations/1"), kConversationsInMemory);

  gateway::GatewayParts parts{service->models_, service->profiles_, *service->ledger_, *service->conversations_, service->clock_, {}};
  parts.codes = [&crosswalk = service->crosswalk_](std::string_view scheme, std::string_view category, std::string_view subtype) {
    return crosswalk.codes(scheme, category, subtype);
  };
  gateway::GatewayOptions options;
  options.secret = pseudonym_key(master);
  options.access = product.access;
  options.workers = product.slow_guards;
  for (const ModelConfig& model : product.models) {
    options.sampling_defaults[model.id].temperature = model.temperature;
    options.sampling_defaults[model.id].top_p = model.top_p;
    for (const AdapterConfig& adapter : model.adapters) options.sampling_defaults[adapter.id] = options.sampling_defaults[model.id];
  }
  if (!product.audience.empty()) options.audience = product.audience.front();
  service->gateway_ = std::make_unique<gateway::Gateway>(parts, options);
  net::ServerOptions server;
  server.address = product.listen_address;
  server.port = product.listen_port;
  server.io_threads = io_threads;
  service->server_ = TRY(gateway::serve(*service->gateway_, service->clock_, server));
  json::Object policies;
  for (const std::string& name : service->profiles_.names()) {
    const policy::Policy& policy = service->profiles_.find(name)->policy();
    policies[name] = json::Object{{"id", policy.id()}, {"version", policy.version()}, {"digest", policy.digest()}};
  }
  json::Object digests;
  for (const model::LanguageModel* model : service->models_) digests[model->record().id] = model->record().sha256;
  service->record("server_started", {{"product", product.id}, {"policies", policies}, {"models", digests}, {"version", STEWARD_VERSION}});
  return service;
}

Service::~Service() { stop(std::chrono::milliseconds(0)); }

std::string Service::address() const { return fmt::format("{}:{}", product_.listen_address, server_->port()); }

void Service::record(const std::string& kind, json::Object meta) {
  ledger::Event event;
  event.id = make_uuid7(clock_);
  event.time_us = clock_.now_us();
  event.kind = kind;
  event.meta = std::move(meta);
  if (auto stored = ledger_->append_sync({std::move(event)}); !stored) fmt::print(stderr, "steward: {}\n", stored.error().message);
}

void Service::keep_retention() {
  const auto guard = profiles_.find("default");
  const int days = guard ? guard->policy().retention().text_days : 0;
  if (days == 0 || !ledger_->keeps_events()) return;
  ledger::Erasure erasure;
  erasure.time_us = clock_.now_us();
  erasure.before_us = erasure.time_us - std::int64_t{days} * 86'400'000'000;
  erasure.reason = fmt::format("retention: text_days {}", days);
  erasure.id = make_uuid7(clock_);
  if (auto erased = ledger_->erase(erasure); !erased) fmt::print(stderr, "steward: retention: {}\n", erased.error().message);
}

void Service::take_up_spool() {
  if (product_.ledger_path.empty()) return;
  const auto taken = ledger::Spool::beside(product_.ledger_path).take_up(*ledger_);
  if (!taken) return fmt::print(stderr, "steward: {}\n", taken.error().message);
  for (const std::string& line : taken->refused) fmt::print(stderr, "steward: {}\n", line);
}

void Service::reload(Reload which) {
  const auto observer = [this](const std::string& profile, const Result<std::shared_ptr<const guard::Guard>>& loaded) {
    if (loaded) {
      const policy::Policy& policy = (*loaded)->policy();
      fmt::print(stderr, "steward: policy {} {} is now in force for '{}'\n", policy.id(), policy.version(), profile);
      record("policy_loaded", {{"profile", profile}, {"id", policy.id()}, {"version", policy.version()}, {"digest", policy.digest()}});
    } else {
      fmt::print(stderr, "steward: the policy in force for '{}' stays: {}\n", profile, loaded.error().message);
      record("policy_rejected", {{"profile", profile}, {"problem", loaded.error().message}});
    }
  };
  if (which == Reload::kAll) {
    loader_->reload(observer);
    reload_access();
  } else {
    loader_->reload_if_changed(observer);
  }
}

void Service::reload_access() {
  const auto product = load_product(product_.directory);
  if (!product) {
    fmt::print(stderr, "steward: the API keys in force stay: {}\n", product.error().message);
    return record("access_rejected", {{"problem", product.error().message}});
  }
  gateway_->replace_access(product->access);
  fmt::print(stderr, "steward: {} API keys are now in force\n", product->access.keys.size());
  record("access_loaded", {{"keys", product->access.keys.size()}});
}

void Service::stop(std::chrono::milliseconds deadline) {
  if (!server_) return;
  gateway_->set_ready(false);
  server_->stop(deadline);
  gateway_->wait_idle(std::chrono::seconds(10));
  server_.reset();
  models_.clear();
  opened_.close();
  record("server_stopped", {});
}

}  // namespace steward::app
