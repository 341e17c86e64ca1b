#include "steward/gateway/access.h"

#include <algorithm>
#include <cmath>

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

/// The host of a Host header or an Origin, without scheme and port.
std::string_view host_name(std::string_view text) {
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) text.remove_prefix(scheme + 3);
  if (text.starts_with("[")) return text.substr(0, text.find(']') + 1);
  return text.substr(0, text.find(':'));
}

bool is_loopback_name(std::string_view host) { return host == "localhost" || host == "[::1]" || host.starts_with("127."); }

std::string bucket_name(const Principal& principal) { return principal.tenant + '\0' + principal.key_name; }

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

Access::Access(const AccessOptions& options, const Clock& clock) : raw_on_loopback_(options.raw_on_loopback), clock_(clock) {
  for (const ApiKey& key : options.keys) {
    keys_[key.sha256] = key;
    if (key.requests_per_minute > 0) limits_[key.tenant + '\0' + key.name] = key.requests_per_minute;
  }
}

Result<Principal> Access::identify(const net::Request& request) const {
  if (keys_.empty()) return identify_loopback(request);
  const std::string key = bearer_key(request);
  if (key.empty()) return fail(ErrorCode::kUnauthenticated, "send your API key as 'Authorization: Bearer KEY'");
  const auto found = keys_.find(hex(sha256(key)));
  if (found == keys_.end()) return fail(ErrorCode::kUnauthenticated, "this API key is not known here");
  const ApiKey& known = found->second;
  Principal principal;
  principal.tenant = known.tenant;
  principal.key_name = known.name;
  principal.age_band = known.age_band;
  principal.jurisdiction = known.jurisdiction;
  principal.may_raw = known.permissions.count("raw") > 0;
  principal.may_erase = known.permissions.count("erase") > 0;
  if (known.permissions.count("trusted_headers") > 0) TRY(read_trusted_headers(request, principal));
  return principal;
}

/// A request that a proxy passed on, or that a web page of another origin sent through its visitor's browser, also comes
/// from loopback: neither is the operator trying out the product.
Result<Principal> Access::identify_loopback(const net::Request& request) const {
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
  principal.may_raw = raw_on_loopback_;
  principal.may_erase = true;  // the operator's own machine
  TRY(read_trusted_headers(request, principal));
  return principal;
}

int Access::seconds_to_wait(const Principal& principal) {
  const std::string name = bucket_name(principal);
  const auto limit = limits_.find(name);
  if (limit == limits_.end()) return 0;
  const double per_minute = limit->second;
  const std::int64_t now = clock_.now_us();
  const std::lock_guard lock(mutex_);
  const auto [found, fresh] = buckets_.try_emplace(name, Bucket{per_minute, now});
  Bucket& bucket = found->second;
  bucket.tokens = std::min(per_minute, bucket.tokens + static_cast<double>(now - bucket.at_us) * per_minute / 60e6);
  bucket.at_us = now;
  if (bucket.tokens < 1) return std::max(1, static_cast<int>(std::ceil((1 - bucket.tokens) * 60 / per_minute)));
  bucket.tokens -= 1;
  return 0;
}

}  // namespace steward::gateway
