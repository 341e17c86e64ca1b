#pragma once

#include <memory>
#include <string>
#include <vector>

#include "steward/app/models.h"
#include "steward/app/product.h"
#include "steward/app/profiles.h"
#include "steward/gateway/gateway.h"
#include "steward/ledger/ledger.h"
#include "steward/model/language_model.h"
#include "steward/policy/crosswalk.h"

namespace steward::app {

/// A product with all its parts running: models, guards, ledger, HTTP server. Stops in order when destroyed.
class Service {
 public:
  /// Errors: of any part, in words.
  static Result<std::unique_ptr<Service>> start(const Product& product, int io_threads);
  ~Service();

  std::string address() const;  ///< "127.0.0.1:8080"
  const std::vector<model::LanguageModel*>& models() const { return models_; }
  const gateway::Profiles& profiles() const { return profiles_; }
  /// Loads the policies and the API keys anew (`all`), or the policies whose files changed; each outcome is an event of the ledger and a
  /// line on stderr.
  enum class Reload { kAll, kChanged };
  /// Erases texts that are older than the policy in force for the default profile keeps them.
  void keep_retention();
  void reload(Reload which);
  /// Puts what training runs left for the ledger into it; what is wrong with it is said on stderr.
  void take_up_spool();
  /// Lets answers under way finish for at most `deadline`.
  void stop(std::chrono::milliseconds deadline);

 private:
  explicit Service(Product product) : product_(std::move(product)), opened_(product_) {}
  void reload_access();
  void record(const std::string& kind, json::Object meta);

  const Product product_;
  SystemClock clock_;
  std::unique_ptr<ledger::Ledger> ledger_;
  ProductModels opened_;  ///< before the guards, whose judges ask them
  std::vector<model::LanguageModel*> models_;
  gateway::Profiles profiles_;
  std::unique_ptr<ProfileLoader> loader_;
  std::unique_ptr<guard::Conversations> conversations_;
  policy::Crosswalk crosswalk_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::unique_ptr<net::Server> server_;
};

}  // namespace steward::app
