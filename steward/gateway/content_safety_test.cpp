#include "steward/core/hash.h"
#include "steward/gateway/testing/gateway_fixture.h"

namespace steward::gateway {
namespace {

using net::testing::Answer;

constexpr char kAnalyze[] = "/contentsafety/text:analyze?api-version=2023-10-01";
constexpr char kShield[] = "/contentsafety/text:shieldPrompt?api-version=2024-09-01";

class ContentSafety : public testing::GatewayTest {
 protected:
  /// Azure's shape of an error, for `target`.
  void expect_azure_error(const Answer& answer, int status, const std::string& code, const std::string& target = "") {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.header("x-ms-error-code"), code);
    const json::Object body = parse(answer);
    const auto* error = body.if_contains("error");
    ASSERT_TRUE(error && error->is_object()) << answer.body;
    EXPECT_EQ(error->at("code").as_string(), code);
    EXPECT_FALSE(error->at("message").as_string().empty());
    const auto* found = error->as_object().if_contains("target");
    EXPECT_EQ(found ? std::string(found->as_string()) : "", target);
  }
};

TEST_F(ContentSafety, AnalysesTexts) {
  EXPECT_EQ(post(kAnalyze, R"({"text": "fine", "categories": ["Violence", "Hate"]})").body,
            R"({"blocklistsMatch":[],"categoriesAnalysis":[{"category":"Violence","severity":0},{"category":"Hate","severity":0}]})");
  const json::Object body = parse(post(kAnalyze, R"({"text": "a forbidden thing", "outputType": "EightSeverityLevels"})"));
  const json::Array& categories = body.at("categoriesAnalysis").as_array();
  ASSERT_EQ(categories.size(), 4u);
  for (const json::Value& category : categories)
    EXPECT_EQ(category.at("severity").to_number<int>(), category.at("category").as_string() == "Violence" ? 4 : 0);
  EXPECT_EQ(wait_for("decision").event.meta.at("surface").as_string(), "contentsafety");
}

TEST_F(ContentSafety, FiltersAreBlocklists) {
  const std::string request = R"({"text": "a forbidden thing", "blocklistNames": ["words"], "categories": ["Violence"])";
  const json::Object body = parse(post(kAnalyze, request + "}"));
  const json::Array& matches = body.at("blocklistsMatch").as_array();
  ASSERT_EQ(matches.size(), 1u);
  EXPECT_EQ(matches[0].at("blocklistName").as_string(), "words");
  EXPECT_EQ(matches[0].at("blocklistItemText").as_string(), "forbidden");
  EXPECT_EQ(body.at("categoriesAnalysis").as_array().size(), 1u);
  EXPECT_TRUE(parse(post(kAnalyze, request + R"(, "haltOnBlocklistHit": true})")).at("categoriesAnalysis").as_array().empty());
  expect_azure_error(post(kAnalyze, R"({"text": "x", "blocklistNames": ["nothing"]})"), 404, "NotFound", "blocklistNames");
}

TEST_F(ContentSafety, ShieldsPromptsAndDocuments) {
  EXPECT_EQ(post(kShield, R"({"userPrompt": "a forbidden thing", "documents": ["fine", "a forbidden thing"]})").body,
            R"({"userPromptAnalysis":{"attackDetected":true},"documentsAnalysis":[{"attackDetected":false},{"attackDetected":true}]})");
  EXPECT_EQ(post(kShield, R"({"documents": ["fine"]})").body, R"({"documentsAnalysis":[{"attackDetected":false}]})");
}

TEST_F(ContentSafety, DocumentsAreJudgedAsData) {
  const std::string request = R"({"userPrompt": "a forbidden thing", "documents": ["a forbidden thing"]})";
  policy_->filter_specs[0].roles = {"tool"};
  restart(options());
  EXPECT_EQ(post(kShield, request).body,
            R"({"userPromptAnalysis":{"attackDetected":false},"documentsAnalysis":[{"attackDetected":true}]})");
  EXPECT_TRUE(
      parse(post("/v1/moderations", R"({"input": "a forbidden thing", "role": "tool"})")).at("results").at(0).at("flagged").as_bool());
  policy_->filter_specs[0].roles = {"user"};
  restart(options());
  EXPECT_EQ(post(kShield, request).body,
            R"({"userPromptAnalysis":{"attackDetected":true},"documentsAnalysis":[{"attackDetected":false}]})");
  EXPECT_EQ(post("/v1/moderations", R"({"input": "x", "role": "assistant"})").status, 400);
}

TEST_F(ContentSafety, ErrorsAreInAzuresShape) {
  expect_azure_error(post("/contentsafety/text:analyze", R"({"text": "x"})"), 400, "InvalidRequestBody", "api-version");
  expect_azure_error(post(kAnalyze, "{}"), 400, "InvalidRequestBody", "text");
  expect_azure_error(post(kAnalyze, "[1"), 400, "InvalidRequestBody");
  expect_azure_error(post(kAnalyze, R"({"text": ""})"), 400, "InvalidRequestBody", "text");
  expect_azure_error(post(kAnalyze, R"({"text": 5})"), 400, "InvalidRequestBody", "text");
  expect_azure_error(post(kAnalyze, R"({"text": "x", "categories": ["Hat"]})"), 400, "InvalidRequestBody", "categories");
  expect_azure_error(post(kAnalyze, R"({"text": "x", "categories": "Hate"})"), 400, "InvalidRequestBody", "categories");
  expect_azure_error(post(kAnalyze, R"({"text": "x", "outputType": "Six"})"), 400, "InvalidRequestBody", "outputType");
  expect_azure_error(post(kAnalyze, R"({"text": "x", "haltOnBlocklistHit": "no"})"), 400, "InvalidRequestBody", "haltOnBlocklistHit");
  expect_azure_error(post(kAnalyze, R"({"text": "x", "model": "m@raw"})"), 400, "InvalidRequestBody", "model");
  expect_azure_error(post(kShield, "{}"), 400, "InvalidRequestBody", "userPrompt");
  expect_azure_error(post(kShield, R"({"documents": [5]})"), 400, "InvalidRequestBody", "documents");
}

TEST_F(ContentSafety, KeysComeAsAzuresClientsSendThem) {
  GatewayOptions with_key = options();
  ApiKey key;
  key.sha256 = hex(sha256("the-key"));
  key.name = "tests";
  key.tenant = "shop";
  with_key.access.keys = {key};
  restart(with_key);
  for (const char* header : {"Ocp-Apim-Subscription-Key: the-key\r\n", "api-key: the-key\r\n", "Authorization: Bearer the-key\r\n"})
    EXPECT_EQ(post(kAnalyze, R"({"text": "fine"})", header).status, 200) << header;
  expect_azure_error(post(kAnalyze, R"({"text": "fine"})"), 401, "Unauthorized");
  expect_azure_error(post(kAnalyze, R"({"text": "fine"})", "Ocp-Apim-Subscription-Key: another\r\n"), 401, "Unauthorized");
}

}  // namespace
}  // namespace steward::gateway
