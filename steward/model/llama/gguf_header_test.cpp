// The files stand in fuzz/corpus, made by fuzz/gguf_corpus.py: whole ones, and one for each fault, named after it.
#include "steward/model/llama/gguf_header.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <sstream>

#include "steward/core/files.h"

namespace steward::model {
namespace {

const std::string kCorpus = std::string(STEWARD_SOURCE_DIR) + "/fuzz/corpus/gguf_header_fuzz/";

Result<GgufHeader> parse(const std::string& bytes) {
  std::istringstream in(bytes);
  return read_gguf_header(in, bytes.size());
}

TEST(GgufHeader, ReadsAWholeFile) {
  const auto header = read_gguf_header(kCorpus + "whole.gguf");
  ASSERT_TRUE(header) << header.error().message;
  EXPECT_EQ(header->version, 3u);
  EXPECT_EQ(header->text("general.architecture"), "llama");
  EXPECT_EQ(header->text("flag"), "") << "no text";
  EXPECT_EQ(std::get<std::int64_t>(header->scalars.at("llama.block_count")), 2);
  EXPECT_EQ(std::get<double>(header->scalars.at("llama.rope")), 1.5);
  EXPECT_TRUE(std::get<bool>(header->scalars.at("flag")));
  EXPECT_EQ(header->arrays.at("tokenizer.ggml.tokens").count, 3u);
  EXPECT_EQ(header->arrays.at("tokenizer.ggml.tokens").type, 8u) << "texts";
  ASSERT_EQ(header->tensors.size(), 2u);
  EXPECT_EQ(header->tensors[0].bytes, 32u);
  EXPECT_EQ(header->tensors[0].shape, (std::array<std::uint64_t, 4>{4, 2, 1, 1}));
  EXPECT_EQ(header->tensors[1].name, "b.weight");
  EXPECT_EQ(header->tensors[1].type, 8u);
  EXPECT_EQ(header->tensors[1].bytes, 34u) << "32 numbers of 8 bits and their scale";
}

TEST(GgufHeader, EachFaultIsAnErrorInWords) {
  const std::set<std::string> whole = {"whole", "no_tensors"};
  std::set<std::string> messages;
  int faults = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus)) {
    const std::string name = entry.path().stem();
    const auto header = read_gguf_header(entry.path().string());
    EXPECT_EQ(header.has_value(), whole.contains(name)) << name;
    if (header) continue;
    ++faults;
    EXPECT_EQ(header.error().code, ErrorCode::kInvalidInput);
    EXPECT_NE(header.error().message.find(name + ".gguf"), std::string::npos) << "names the file";
    messages.insert(header.error().message.substr(header.error().message.find("model:")));
  }
  EXPECT_GE(faults, 19);
  EXPECT_GE(messages.size(), 14u) << "the faults are told apart";
}

TEST(GgufHeader, ACutAnywhereIsSeen) {
  const std::string bytes = read_file(kCorpus + "whole.gguf").value();
  // The last tensor ends 14 bytes before the file does.
  for (std::size_t size = 0; size + 14 < bytes.size(); ++size) EXPECT_FALSE(parse(bytes.substr(0, size))) << size;
  EXPECT_TRUE(parse(bytes));
}

TEST(GgufHeader, AMissingFileIsNotFound) {
  EXPECT_EQ(read_gguf_header(kCorpus + "none.gguf").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(read_gguf_header(kCorpus).error().code, ErrorCode::kNotFound) << "a folder";
}

}  // namespace
}  // namespace steward::model
