#include "steward/net/base_url.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace steward::net {

Result<BaseUrl> parse_base_url(const std::string& url) {
  const auto parsed = boost::urls::parse_uri(url);
  const auto wrong = [] { return fail(ErrorCode::kInvalidInput, "write the url of a server's API, such as http://127.0.0.1:8000/v1"); };
  if (!parsed) return wrong();
  BaseUrl out;
  const bool https = parsed->scheme() == "https";
  if (!https && parsed->scheme() != "http") return wrong();
  if (parsed->has_userinfo())
    return fail(ErrorCode::kInvalidInput, "a url may not hold credentials: give the key by api_key_env or api_key_file");
  if (parsed->has_query() || parsed->has_fragment() || parsed->host().empty()) return wrong();
  out.security = https ? ClientOptions::Security::kTls : ClientOptions::Security::kPlain;
  out.host = parsed->host_type() == boost::urls::host_type::ipv6 ? parsed->host_address() : parsed->host();
  out.port = https ? 443 : 80;
  if (parsed->has_port()) {
    const std::string digits(parsed->port());  // Boost's own number wraps around
    const int port = digits.empty() || digits.size() > 5 ? 0 : std::stoi(digits);
    if (port < 1 || port > 65'535) return wrong();
    out.port = static_cast<std::uint16_t>(port);
  }
  out.path = std::string(parsed->encoded_path());
  while (out.path.ends_with('/')) out.path.pop_back();
  return out;
}

}  // namespace steward::net
