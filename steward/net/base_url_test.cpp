#include "steward/net/base_url.h"

#include <gtest/gtest.h>

namespace steward::net {
namespace {

TEST(BaseUrl, ReadsItsParts) {
  const auto url = parse_base_url("https://llm.example.org/v1/");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "llm.example.org");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->path, "/v1");
  EXPECT_EQ(url->security, ClientOptions::Security::kTls);
  EXPECT_EQ(parse_base_url("http://[::1]:8000/v1")->host, "::1");
  EXPECT_EQ(parse_base_url("http://a:8000")->path, "");
  for (const char* bad : {"", "llm.example.org", "ftp://a/v1", "http:///v1", "http://a:0/v1", "http://a:99999/v1", "http://a/v1?x=1",
                          "http://a/#x", "http://user:pw@a/v1", "http://a b/"})
    EXPECT_FALSE(parse_base_url(bad)) << bad;
  EXPECT_EQ(parse_base_url("http://user:pw@a/v1").error().message.find("pw"), std::string::npos);
}

}  // namespace
}  // namespace steward::net
