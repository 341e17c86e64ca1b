#pragma once

#include <map>
#include <memory>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "steward/core/clock.h"
#include "steward/core/result.h"
#include "steward/gateway/limiter.h"
#include "steward/net/http.h"

namespace steward::gateway {

/// One API key as the product keeps it: never the key itself.
struct ApiKey {
  std::string sha256;  ///< hex, of the key's bytes
  std::string tenant;
  std::string name;                  ///< for people; not secret
  std::string age_band = "unknown";  ///< of all its end users, as the operator attests
  std::string jurisdiction = "unknown";
  std::set<std::string> permissions;  ///< raw | trusted_headers | erase
  std::vector<std::string> models;    ///< ids that it may use; "demo@*" is any profile of demo; none: all
  Limits limits;                      ///< of all its end users together
  std::int64_t expires_us = 0;        ///< from when it is refused; 0: never
};

struct AccessOptions {
  std::vector<ApiKey> keys;      ///< none: clients on loopback need no key, others are refused
  bool raw_on_loopback = false;  ///< without keys, may a loopback client use `@raw`?
  Limits per_user;               ///< of each end user that a request names
};

/// Who asks, as far as the request itself does not say.
struct Principal {
  std::string tenant;
  std::string key_name;
  std::string age_band = "unknown";
  std::string jurisdiction = "unknown";
  bool may_raw = false;
  bool may_erase = false;
  bool loopback_without_key = false;
  std::vector<std::string> models;  ///< as of ApiKey
  Limits limits;

  bool may_use(std::string_view model_id) const;
};

/// The right to run one turn; gives back its place when it goes. Counts its tokens against the key and the end user.
class Admission {
 public:
  virtual ~Admission() = default;
  virtual void spend_tokens(int tokens) = 0;
};

/// Checks keys and counts what they use. Thread-safe.
class Access {
 public:
  Access(const AccessOptions& options, const Clock& clock);
  /// Other keys from now on. What names have used stays counted; turns under way go on.
  void replace(const AccessOptions& options);
  /// The age band and place come from the key, or from x-steward-age-band and x-steward-jurisdiction of a client that is trusted
  /// with them. Errors: kUnauthenticated; kInvalidInput for a malformed trusted header.
  Result<Principal> identify(const net::Request& request) const;
  /// Counts one request of the key. Errors: kResourceExhausted, with `retry_after_s` set.
  Result<void> take_request(const Principal& principal, int& retry_after_s);
  /// Lets one turn of the key and of `end_user` (may be empty) begin. Errors: kResourceExhausted, with `retry_after_s` set.
  /// This outlives the admission.
  Result<std::unique_ptr<Admission>> admit(const Principal& principal, const std::string& end_user, int& retry_after_s);
  /// x-ratelimit-* as OpenAI has them, for the limits that the key has.
  void add_headers(const Principal& principal, net::Headers& headers);

 private:
  struct Keys {
    std::map<std::string, ApiKey, std::less<>> by_sha256;
    bool raw_on_loopback = false;
    Limits per_user;
  };
  static std::shared_ptr<const Keys> index(const AccessOptions& options);
  std::shared_ptr<const Keys> keys() const;
  Result<Principal> identify_loopback(const net::Request& request, const Keys& keys) const;

  const Clock& clock_;
  Limiter limiter_;
  mutable std::shared_mutex mutex_;
  std::shared_ptr<const Keys> keys_;  // shared with requests that are being looked at
};

/// u13 | 13-15 | 16-17 | 18+ | unknown
bool is_age_band(std::string_view text);
/// ISO 3166-1 alpha-2 in upper case, or empty if `text` cannot be one.
std::string read_place(std::string_view text);

}  // namespace steward::gateway
