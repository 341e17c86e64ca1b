#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "steward/core/clock.h"
#include "steward/core/files.h"
#include "steward/core/hash.h"
#include "steward/core/ids.h"
#include "steward/core/json.h"
#include "steward/core/yaml.h"

namespace steward {
namespace {

TEST(Json, RefusesAKeyThatStandsTwice) {
  EXPECT_FALSE(json::parse(R"({"a":1,"a":2})"));
  EXPECT_FALSE(json::parse(R"({"a":{"b":1,"\u0062":2}})"));
  EXPECT_TRUE(json::parse(R"({"a":{"a":1},"b":{"a":2}})"));
}

TEST(Json, RefusesBadUtf8DepthAndTrailingBytes) {
  EXPECT_FALSE(json::parse("{\"a\":\"\xff\"}"));
  EXPECT_FALSE(json::parse("{} x"));
  EXPECT_FALSE(json::parse(""));
  EXPECT_FALSE(json::parse(std::string(100, '[') + std::string(100, ']')));
  EXPECT_TRUE(json::parse(" {} \n"));
}

TEST(Json, CanonicalSortsKeysAtEveryLevel) {
  const auto value = json::parse(R"({"b":[{"z":1,"a":2}],"a":"\u00e9"})");
  ASSERT_TRUE(value);
  EXPECT_EQ(json::dump_canonical(*value), "{\"a\":\"é\",\"b\":[{\"a\":2,\"z\":1}]}");
}

TEST(Json, NumbersReadBackAsTheyWere) {
  EXPECT_NE(json::parse("[1e400]").error().message.find("too large"), std::string::npos);
  EXPECT_EQ(json::parse("1e-400").value().as_double(), 0);
  EXPECT_EQ(json::dump(json::Array{1.0, -0.5, 1e300, 0.1, 3, 1e-7, 18446744073709551615u}),
            "[1.0,-0.5,1e+300,0.1,3,1e-07,18446744073709551615]");
  EXPECT_EQ(json::dump(json::Object{{"q\"\n", json::Array{nullptr, true, "\u00e9\x01"}}}), "{\"q\\\"\\n\":[null,true,\"\u00e9\\u0001\"]}");
  EXPECT_TRUE(rc::check([](double number) {
    if (!std::isfinite(number)) return;
    const std::string text = json::dump(number);
    RC_ASSERT(std::strtod(text.c_str(), nullptr) == number);
    RC_ASSERT(json::parse(text).value().is_double());
    RC_ASSERT(json::parse(text).value().as_double() == number);
  }));
}

TEST(Json, WritesStringsAndNumbersAsItReadsThem) {
  std::string every;
  for (int byte = 0; byte < 128; ++byte) every += static_cast<char>(byte);
  every += "\u00e9\u20ac\U0001F600";
  EXPECT_EQ(json::dump(json::Value(every)), boost::json::serialize(json::Value(every)));
  const std::string text = R"({"a":[],"b":{},"c":[-9223372036854775808,18446744073709551615,0,true,false,null,""],"":"x"})";
  EXPECT_EQ(json::dump(*json::parse(text)), text);
}

TEST(Json, RefusesAKeyThatStandsTwiceAmongMany) {
  std::string object = "{";
  for (int i = 0; i < 60; ++i) object += "\"key" + std::to_string(i) + "\":{\"key1\":0},";
  EXPECT_TRUE(json::parse(object + "\"last\":0}"));
  for (const int i : {0, 20, 24, 25, 59}) EXPECT_FALSE(json::parse(object + "\"key" + std::to_string(i) + "\":0}")) << i;
  EXPECT_FALSE(json::parse(object + "\"k\\u0065y7\":0}")) << "however it is written";
}

TEST(Json, TypedAccessNamesTheField) {
  const auto value = json::parse(R"({"n":"x","i":3.0,"z":null})");
  const auto& object = value->as_object();
  EXPECT_EQ(json::get_number(object, "n").error().param, "n");
  EXPECT_EQ(**json::get_integer(object, "i"), 3);
  EXPECT_FALSE(json::get_string(object, "z")->has_value());
}

TEST(Yaml, DirectivesAndBytesThatAreNoTextAreRefusedWithTheirLine) {
  EXPECT_EQ(yaml::parse("a: 1\n% b\u00e9", "p.yaml").error().message.substr(0, 9), "p.yaml:2:") << "libfyaml would not come back from it";
  EXPECT_EQ(yaml::parse("%YAML 1.2\n---\na: 1\n", "p.yaml").error().message.substr(0, 9), "p.yaml:1:");
  EXPECT_NE(yaml::parse("a: 1\nb: \xa9\n", "p.yaml").error().message.find("p.yaml:2:1: this line is not UTF-8"), std::string::npos);
  EXPECT_TRUE(yaml::parse("a: 100%\nb: \"%x\"\n", "p.yaml"));
}

TEST(Yaml, CoreSchemaKeepsNorwayAStringAndOctalDecimal) {
  const auto node = yaml::parse("places: [NO, DE]\noff: off\nn: 012\nquoted: \"true\"\nreal: true\n", "p.yaml");
  ASSERT_TRUE(node) << node.error().message;
  EXPECT_EQ((*node->find("places")->as_strings())[0], "NO");
  EXPECT_FALSE(node->find("off")->as_bool());
  EXPECT_EQ(*node->find("n")->as_integer(), 12);
  EXPECT_FALSE(node->find("quoted")->as_bool());
  EXPECT_TRUE(*node->find("real")->as_bool());
}

TEST(Yaml, ErrorsNameThePlace) {
  const auto twice = yaml::parse("a: 1\nb: 2\na: 3\n", "p.yaml");
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().message.find("p.yaml:3:1"), std::string::npos) << twice.error().message;
  const auto broken = yaml::parse("a: [1, 2\nb: }\n", "p.yaml");
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().message.find("p.yaml:2"), std::string::npos) << broken.error().message;
  EXPECT_FALSE(yaml::parse("a: &x 1\nb: *x\n", "p.yaml"));
  const auto unknown = yaml::parse("version: 1\nowmer: x\n", "p.yaml");
  const auto checked = yaml::check_keys(*unknown, {"version", "owner"}, "policy");
  EXPECT_EQ(checked.error().message, "p.yaml:2:1: unknown key 'owmer' in policy: did you mean 'owner'?");
}

TEST(Hash, KnownVectors) {
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(*from_hex("616263"), "abc");
  EXPECT_FALSE(from_hex("61626"));
  EXPECT_FALSE(from_hex("zz"));
}

TEST(Ids, Uuid7HoldsTheTimeAndSorts) {
  ManualClock clock(1'700'000'000'123'000);
  const std::string first = make_uuid7(clock);
  EXPECT_EQ(first.size(), 36u);
  EXPECT_EQ(first[14], '7');
  EXPECT_EQ(first.substr(0, 8) + first.substr(9, 4), "018bcfe5687b");
  clock.advance(std::chrono::milliseconds(1));
  EXPECT_LT(first, make_uuid7(clock));
}

TEST(Clock, FormatsAndParses) {
  EXPECT_EQ(format_utc(1'700'000'000'123'456), "2023-11-14T22:13:20.123456Z");
  EXPECT_EQ(parse_date_days("1970-01-02"), 1);
  EXPECT_EQ(parse_date_days("2026-02-30"), -1);
  EXPECT_EQ(parse_date_days("soon"), -1);
}

TEST(Files, AtomicWriteReplacesAndReports) {
  const std::string path = ::testing::TempDir() + "/steward_files_test";
  ASSERT_TRUE(write_file_atomic(path, "one"));
  ASSERT_TRUE(write_file_atomic(path, "two"));
  EXPECT_EQ(*read_file(path), "two");
  EXPECT_FALSE(write_file_atomic("/nowhere/at/all", "x"));
  EXPECT_EQ(read_file("/nowhere").error().code, ErrorCode::kNotFound);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace steward
