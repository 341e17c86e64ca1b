#include "steward/gateway/access.h"

#include <algorithm>

#include "steward/core/hash.h"

namespace steward::gateway {
namespace {

/// The key of "Authorization: Bearer KEY"; empty when there is none (clients send an empty one when none is set).
std::string bearer_key(const net::Request& request) {
  const std::string* header = request.headers.find("authorization");
  if (!header || header->size() < 7) return "";
  std::string scheme = header->substr(0, 7);
  for (char& c : scheme) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  if (scheme != "bearer ") return "";
  const std::size_t begin = header->find_first_not_of(' ', 7);
  return begin == std::string::npos ? "" : header->substr(begin);
}

/// The key of a request: as OpenAI's clients send it, or as Azure's do.
std::string key_of(const net::Request& request) {
  std::string key = bearer_key(request);
  for (const std::string_view name : {"api-key", "ocp-apim-subscription-key"})
    if (const std::string* given = request.headers.find(name); key.empty() && given) key = *given;
  return key;
}

/// The host of a Host header or an Origin, without scheme and port.
std::string_view host_name(std::string_view text) {
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) text.remove_prefix(scheme + 3);
  if (text.starts_with("[")) return text.substr(0, text.find(']') + 1);
  return text.substr(0, text.find(':'));
}

bool is_loopback_name(std::string_view host) { return host == "localhost" || host == "[::1]" || host.starts_with("127."); }

std::string key_account(const Principal& principal) { return "key\n" + principal.tenant + '\n' + principal.key_name; }
std::string user_account(const Principal& principal, const std::string& end_user) { return "user\n" + principal.tenant + '\n' + end_user; }

/// "demo@*" fits every profile of demo, and demo itself.
bool fits(std::string_view pattern, std::string_view model_id) {
  if (pattern == "*" || pattern == model_id) return true;
  if (!pattern.ends_with("@*")) return false;
  pattern.remove_suffix(1);
  return model_id.starts_with(pattern) || model_id == pattern.substr(0, pattern.size() - 1);
}

class CountedTurn final : public Admission {
 public:
  struct Account {
    std::string name;
    Limits limits;
  };
  CountedTurn(Limiter& limiter, std::vector<Account> accounts) : limiter_(limiter), accounts_(std::move(accounts)) {}
  ~CountedTurn() override {
    for (const Account& account : accounts_)
      if (account.limits.concurrent_turns > 0) limiter_.leave(account.name);
  }
  void spend_tokens(int tokens) override {
    for (const Account& account : accounts_) limiter_.spend_tokens(account.name, account.limits, tokens);
  }

 private:
  Limiter& limiter_;
  const std::vector<Account> accounts_;
};

Result<void> read_trusted_headers(const net::Request& request, Principal& principal) {
  if (const std::string* age = request.headers.find("x-steward-age-band")) {
    if (!is_age_band(*age))
      return fail(ErrorCode::kInvalidInput, "x-steward-age-band must be u13, 13-15, 16-17, 18+ or unknown", "x-steward-age-band");
    principal.age_band = *age;
  }
  if (const std::string* place = request.headers.find("x-steward-jurisdiction")) {
    const std::string read = *place == "unknown" ? *place : read_place(*place);
    if (read.empty())
      return fail(ErrorCode::kInvalidInput, "x-steward-jurisdiction must be two letters (ISO 3166-1) or unknown", "x-steward-jurisdiction");
    principal.jurisdiction = read;
  }
  return {};
}

}  // namespace

bool is_age_band(std::string_view text) {
  return text == "u13" || text == "13-15" || text == "16-17" || text == "18+" || text == "unknown";
}

std::string read_place(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  const bool letters = std::all_of(out.begin(), out.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  return out.size() == 2 && letters ? out : "";
}

bool Principal::may_use(std::string_view model_id) const {
  return models.empty() || std::any_of(models.begin(), models.end(), [&](const std::string& pattern) { return fits(pattern, model_id); });
}

Access::Access(const AccessOptions& options, const Clock& clock) : clock_(clock), limiter_(clock), keys_(index(options)) {}

std::shared_ptr<const Access::Keys> Access::index(const AccessOptions& options) {
  auto keys = std::make_shared<Keys>();
  for (const ApiKey& key : options.keys) keys->by_sha256[key.sha256] = key;
  keys->raw_on_loopback = options.raw_on_loopback;
  keys->per_user = options.per_user;
  return keys;
}

std::shared_ptr<const Access::Keys> Access::keys() const {
  const std::shared_lock lock(mutex_);
  return keys_;
}

void Access::replace(const AccessOptions& options) {
  auto keys = index(options);
  const std::unique_lock lock(mutex_);
  keys_.swap(keys);
}

Result<Principal> Access::identify(const net::Request& request) const {
  const auto keys = this->keys();
  if (keys->by_sha256.empty()) return identify_loopback(request, *keys);
  const std::string key = key_of(request);
  if (key.empty()) return fail(ErrorCode::kUnauthenticated, "send your API key as 'Authorization: Bearer KEY'");
  const auto found = keys->by_sha256.find(hex(sha256(key)));
  if (found == keys->by_sha256.end()) return fail(ErrorCode::kUnauthenticated, "this API key is not known here");
  const ApiKey& known = found->second;
  if (known.expires_us > 0 && clock_.now_us() >= known.expires_us) return fail(ErrorCode::kUnauthenticated, "this API key has expired");
  Principal principal;
  principal.tenant = known.tenant;
  principal.key_name = known.name;
  principal.age_band = known.age_band;
  principal.jurisdiction = known.jurisdiction;
  principal.may_raw = known.permissions.count("raw") > 0;
  principal.may_erase = known.permissions.count("erase") > 0;
  principal.models = known.models;
  principal.limits = known.limits;
  if (known.permissions.count("trusted_headers") > 0) TRY(read_trusted_headers(request, principal));
  return principal;
}

/// A request that a proxy passed on, or that a web page of another origin sent through its visitor's browser, also comes
/// from loopback: neither is the operator trying out the product.
Result<Principal> Access::identify_loopback(const net::Request& request, const Keys& keys) const {
  if (!request.is_loopback)
    return fail(ErrorCode::kUnauthenticated,
                "no API keys are set up, so only clients on this machine are served: add keys to product.yaml");
  for (const std::string_view name : {"forwarded", "x-forwarded-for", "x-real-ip", "via"})
    if (request.headers.find(name))
      return fail(ErrorCode::kUnauthenticated, "a proxy passed this request on: add API keys to product.yaml first");
  const std::string* host = request.headers.find("host");
  const std::string* origin = request.headers.find("origin");
  if ((host && !is_loopback_name(host_name(*host))) || (origin && !is_loopback_name(host_name(*origin))))
    return fail(ErrorCode::kUnauthenticated, "without API keys, only pages and clients of localhost are served");
  Principal principal;
  principal.tenant = "local";
  principal.loopback_without_key = true;
  principal.may_raw = keys.raw_on_loopback;
  principal.may_erase = true;  // the operator's own machine
  TRY(read_trusted_headers(request, principal));
  return principal;
}

Result<void> Access::take_request(const Principal& principal, int& retry_after_s) {
  return limiter_.take_request(key_account(principal), principal.limits, retry_after_s);
}

Result<std::unique_ptr<Admission>> Access::admit(const Principal& principal, const std::string& end_user, int& retry_after_s) {
  std::vector<CountedTurn::Account> accounts{{key_account(principal), principal.limits}};
  if (!end_user.empty()) {
    accounts.push_back({user_account(principal, end_user), keys()->per_user});
    TRY(limiter_.take_request(accounts.back().name, accounts.back().limits, retry_after_s));
  }
  for (std::size_t i = 0; i < accounts.size(); ++i) {
    auto entered = limiter_.enter(accounts[i].name, accounts[i].limits);
    if (entered) continue;
    if (i > 0 && accounts[0].limits.concurrent_turns > 0) limiter_.leave(accounts[0].name);
    retry_after_s = 1;
    return fail(std::move(entered).error());
  }
  return std::unique_ptr<Admission>(std::make_unique<CountedTurn>(limiter_, std::move(accounts)));
}

void Access::add_headers(const Principal& principal, net::Headers& headers) {
  const std::string who = key_account(principal);
  const auto add = [&](const std::string& of, const Allowance& left) {
    if (left.limit == 0) return;
    headers.add("x-ratelimit-limit-" + of, std::to_string(left.limit));
    headers.add("x-ratelimit-remaining-" + of, std::to_string(left.remaining));
    headers.add("x-ratelimit-reset-" + of, std::to_string(left.reset_s) + "s");
  };
  add("requests", limiter_.requests_left(who, principal.limits));
  add("tokens", limiter_.tokens_left(who, principal.limits));
}

}  // namespace steward::gateway
