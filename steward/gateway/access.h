#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "steward/core/clock.h"
#include "steward/core/result.h"
#include "steward/net/http.h"

namespace steward::gateway {

/// One API key as the product keeps it: never the key itself.
struct ApiKey {
  std::string sha256;  ///< hex, of the key's bytes
  std::string tenant;
  std::string name;                  ///< for people; not secret
  std::string age_band = "unknown";  ///< of all its end users, as the operator attests
  std::string jurisdiction = "unknown";
  std::set<std::string> roles;
  std::set<std::string> permissions;  ///< raw | trusted_headers | erase
  int requests_per_minute = 0;        ///< 0 = no limit
};

struct AccessOptions {
  std::vector<ApiKey> keys;      ///< none: clients on loopback need no key, others are refused
  bool raw_on_loopback = false;  ///< without keys, may a loopback client use `@raw`?
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
};

/// Checks keys and counts requests. Thread-safe.
class Access {
 public:
  Access(const AccessOptions& options, const Clock& clock);
  /// The age band and place come from the key, or from x-steward-age-band and x-steward-jurisdiction of a client that is trusted
  /// with them. Errors: kUnauthenticated; kInvalidInput for a malformed trusted header.
  Result<Principal> identify(const net::Request& request) const;
  /// 0 if the key may go on; else the seconds after which it may try again.
  int seconds_to_wait(const Principal& principal);

 private:
  struct Bucket {
    double tokens = 0;
    std::int64_t at_us = 0;
  };
  Result<Principal> identify_loopback(const net::Request& request) const;

  const bool raw_on_loopback_;
  const Clock& clock_;
  std::map<std::string, ApiKey, std::less<>> keys_;  ///< by SHA-256
  std::map<std::string, int, std::less<>> limits_;   ///< tenant, NUL, key name → requests a minute
  std::mutex mutex_;
  std::map<std::string, Bucket, std::less<>> buckets_;
};

/// u13 | 13-15 | 16-17 | 18+ | unknown
bool is_age_band(std::string_view text);
/// ISO 3166-1 alpha-2 in upper case, or empty if `text` cannot be one.
std::string read_place(std::string_view text);

}  // namespace steward::gateway
