#include "steward/data/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/core/packed_lines.h"

namespace steward::data {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Files of one test, removed with it.
class Rows : public ::testing::Test {
 protected:
  Rows() : folder_(std::filesystem::temp_directory_path() / fmt::format("steward_rows_{}", ::getpid())) {
    std::filesystem::create_directories(folder_);
  }
  ~Rows() override { std::filesystem::remove_all(folder_); }
  std::string file(const std::string& name, const std::string& text) {
    const std::string path = (folder_ / name).string();
    EXPECT_TRUE(write_file_atomic(path, text));
    return path;
  }
  const std::filesystem::path folder_;
};

Result<Row> row_of(const std::string& text, RowKind kind) {
  const json::Value value = TRY(json::parse(text));
  return parse_row(value.as_object(), kind);
}

std::string reason(const std::string& text, RowKind kind) {
  const auto row = row_of(text, kind);
  return row ? "" : row.error().message;
}

TEST(Row, ReadsEveryKindByItsNamesInTrl) {
  const auto chat =
      row_of(R"({"id": "7", "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "answers": ["b"]})",
             RowKind::kChat);
  ASSERT_TRUE(chat) << chat.error().message;
  EXPECT_EQ(std::get<ChatBody>(chat->body).messages.size(), 2u);
  EXPECT_EQ(chat->id, "7");
  EXPECT_TRUE(chat->extra.contains("answers"));
  const auto completion = row_of(R"({"prompt": "a", "completion": "b"})", RowKind::kChat);
  ASSERT_TRUE(completion);
  EXPECT_EQ(std::get<std::string>(std::get<CompletionBody>(completion->body).completion), "b");
  const auto pair = row_of(
      R"({"prompt": "a", "chosen": "b", "rejected": "c", "strength": "significant", "margin": 0.25, "chosen_safe": true, "rejected_safe": false, "probability": 0.8})",
      RowKind::kPreference);
  ASSERT_TRUE(pair);
  const auto& body = std::get<PreferenceBody>(pair->body);
  EXPECT_EQ(body.strength, Strength::kSignificant);
  EXPECT_EQ(body.margin, 0.25);
  EXPECT_EQ(body.probability, 0.8);
  EXPECT_EQ(body.chosen_safe, true);
  EXPECT_EQ(body.rejected_safe, false);
  const auto thumb = row_of(R"({"prompt": "a", "completion": "b", "label": true})", RowKind::kThumb);
  ASSERT_TRUE(thumb);
  EXPECT_TRUE(std::get<ThumbBody>(thumb->body).up);
  const auto prompt = row_of(R"({"prompt": [{"role": "user", "content": "a"}]})", RowKind::kPrompt);
  ASSERT_TRUE(prompt);
}

TEST(Row, FindsThePromptThatBothSidesOfAPairShare) {
  const auto pair = row_of(
      R"({"chosen": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
          "rejected": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}]})",
      RowKind::kPreference);
  ASSERT_TRUE(pair) << pair.error().message;
  const auto& body = std::get<PreferenceBody>(pair->body);
  EXPECT_EQ(std::get<Messages>(body.prompt), (Messages{{"user", "a", ""}}));
  EXPECT_EQ(std::get<Messages>(body.rejected), (Messages{{"assistant", "c", ""}}));
}

TEST(Row, KeepsUnknownLabelsApartFromZero) {
  const auto masked = row_of(R"({"text": "t", "labels": {"toxic": 0.5, "spam": 0}})", RowKind::kClass);
  ASSERT_TRUE(masked);
  EXPECT_FALSE(std::get<ClassBody>(masked->body).complete);
  EXPECT_EQ(std::get<ClassBody>(masked->body).labels.size(), 2u);
  const auto one = row_of(R"({"text": "t", "label": "good"})", RowKind::kClass);
  ASSERT_TRUE(one);
  EXPECT_TRUE(std::get<ClassBody>(one->body).complete);
}

TEST(Row, SaysWhyALineIsNoRow) {
  EXPECT_THAT(reason(R"({"text": "a"})", RowKind::kChat), HasSubstr("neither `messages` nor"));
  EXPECT_THAT(reason(R"({"messages": [{"role": "user", "content": "a"}]})", RowKind::kChat), HasSubstr("do not end with the assistant"));
  EXPECT_THAT(reason(R"({"messages": [{"role": "assistant", "content": "a"}]})", RowKind::kChat), HasSubstr("do not begin with the user"));
  EXPECT_THAT(reason(R"({"messages": [{"role": "tool", "content": "a"}]})", RowKind::kChat), HasSubstr("another role"));
  EXPECT_THAT(reason(R"({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": " "}]})", RowKind::kChat),
              HasSubstr("is empty"));
  EXPECT_THAT(reason(R"({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "tool_calls": []}]})",
                     RowKind::kChat),
              HasSubstr("calls tools"));
  EXPECT_THAT(reason(R"({"prompt": "a", "completion": ""})", RowKind::kChat), HasSubstr("`completion` is empty"));
  EXPECT_THAT(reason(R"({"prompt": "a", "completion": [{"role": "assistant", "content": "b"}]})", RowKind::kChat),
              HasSubstr("one is a text"));
  EXPECT_THAT(reason(R"({"prompt": "a", "chosen": "b", "rejected": "b"})", RowKind::kPreference), HasSubstr("are the same"));
  EXPECT_THAT(reason(R"({"prompt": "a", "chosen": "b", "rejected": "c", "strength": 3})", RowKind::kPreference),
              HasSubstr("`strength` is none"));
  EXPECT_THAT(reason(R"({"prompt": "a", "chosen": "b", "rejected": "c", "probability": 1.5})", RowKind::kPreference),
              HasSubstr("from 0 to 1"));
  EXPECT_THAT(reason(R"({"chosen": "b", "rejected": "c"})", RowKind::kPreference), HasSubstr("`prompt` is missing"));
  EXPECT_THAT(reason(R"({"prompt": "a", "completion": "b", "label": "up"})", RowKind::kThumb), HasSubstr("`label` is neither"));
  EXPECT_THAT(reason(R"({"text": "a", "labels": {"x": 2}})", RowKind::kClass), HasSubstr("from 0 to 1"));
}

constexpr const char* kGood = R"({"prompt": "a", "completion": "b"})";

TEST_F(Rows, ListsEveryBadRowWithItsLineAndNeverItsText) {
  const std::string path =
      file("rows.jsonl", std::string(kGood) + "\n\n{\"prompt\": \"SECRET\"}\nSECRET {\n" + kGood + "\n{\"prompt\": \"SECRET2\"}\n");
  const auto read = read_rows({path}, {});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kInvalidInput);
  const std::string& message = read.error().message;
  EXPECT_THAT(message, HasSubstr("3 of 5 rows are bad"));
  EXPECT_THAT(message, HasSubstr("`completion` is missing: lines 3, 6"));
  EXPECT_THAT(message, HasSubstr(": line 4"));
  EXPECT_THAT(message, HasSubstr("skip_bad_rows: true"));
  EXPECT_THAT(message, Not(HasSubstr("SECRET")));
}

TEST_F(Rows, GoesOnWithoutBadRowsOnlyWhenToldTo) {
  const std::string path = file("rows.jsonl", std::string(kGood) + "\n{\"prompt\": \"a\"}\n");
  ReadOptions options;
  options.skip_bad_rows = true;
  const auto read = read_rows({path}, options);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->train.size(), 1u);
  EXPECT_EQ(read->train[0].line, 1u);
  EXPECT_EQ(describe(*read), "2 rows: 1 to train on, 0 for validation, 0 for tests, 1 bad and left out");
}

TEST_F(Rows, NeverTrainsOnTestRowsNorWithoutConsent) {
  const std::string path = file("rows.jsonl", R"({"prompt": "a", "completion": "b", "split": "train"})"
                                              "\n"
                                              R"({"prompt": "b", "completion": "b", "split": "test"})"
                                              "\n"
                                              R"({"prompt": "c", "completion": "b", "split": "dev"})"
                                              "\n"
                                              R"({"prompt": "d", "completion": "b", "consent": false})"
                                              "\n"
                                              R"({"prompt": "e", "completion": "b", "consent": true, "erased": true})"
                                              "\n");
  ReadOptions options;
  options.may_use = [](const json::Object& row) { return !row.contains("erased"); };
  const auto read = read_rows({path}, options);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->train.size(), 1u);
  EXPECT_EQ(read->validation.size(), 1u);
  EXPECT_EQ(read->test.size(), 1u);
  EXPECT_EQ(read->report.no_consent, 2u);
  EXPECT_EQ(reason(R"({"prompt": "a"})", RowKind::kPrompt), "");
  const std::string unclear = file("unclear.jsonl", R"({"prompt": "a", "completion": "b", "consent": "maybe"})");
  EXPECT_FALSE(read_rows({unclear}, {}));
}

TEST_F(Rows, StopsWhenNothingIsLeftToTrainOn) {
  const std::string path = file("rows.jsonl", R"({"prompt": "a", "completion": "b", "split": "test"})");
  const auto read = read_rows({path}, {});
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("nothing to train on"));
  EXPECT_TRUE(read_test_rows({path}, {}));
  EXPECT_EQ(read_rows({(folder_ / "none.jsonl").string()}, {}).error().code, ErrorCode::kNotFound);
}

TEST_F(Rows, ReadsPackedFilesAndDigestsWhatTrains) {
  const std::string plain = file("rows.jsonl", std::string(kGood) + "\r\n" + R"({"prompt": "x", "completion": "y", "split": "test"})");
  const std::string packed = (folder_ / "rows.jsonl.zst").string();
  ASSERT_TRUE(write_packed_lines(packed, {R"({"completion": "b", "prompt": "a"})"}));
  const auto one = read_rows({plain}, {});
  const auto other = read_rows({packed}, {});
  ASSERT_TRUE(one && other);
  EXPECT_EQ(one->digest, other->digest);  // canonical: neither the order of keys nor rows that do not train count
  const std::string changed = file("changed.jsonl", R"({"prompt": "a", "completion": "c"})");
  EXPECT_NE(read_rows({changed}, {})->digest, one->digest);
}

TEST_F(Rows, TheSamePromptStandsOnOneSideInEveryKindOfRow) {
  std::size_t taken = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::string prompt = fmt::format("question {}", i);
    const bool validation = is_validation(prompt, 0.1);
    taken += validation;
    if (i >= 20) continue;
    const auto chat = row_of(fmt::format(R"({{"messages": [{{"role": "system", "content": "s{}"}}, {{"role": "user", "content": "{}"}},
                                              {{"role": "assistant", "content": "b"}}]}})",
                                         i, prompt),
                             RowKind::kChat);
    ASSERT_TRUE(chat) << chat.error().message;
    EXPECT_EQ(is_validation(prompt_text(*chat), 0.1), validation);
    const auto plain = row_of(fmt::format(R"({{"prompt": "{}", "chosen": "a", "rejected": "b"}})", prompt), RowKind::kPreference);
    EXPECT_EQ(is_validation(prompt_text(*plain), 0.1), validation);
  }
  EXPECT_NEAR(static_cast<double>(taken), 200, 45);
}

}  // namespace
}  // namespace steward::data
