// The tokenizer's files. That their ids are llama.cpp's is checked with the hub's own library by bench/tune/tokenizer_check.py.
#include "steward/tune/hub_tokenizer.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "steward/core/files.h"
#include "steward/core/json.h"
#include "steward/model/encoder/weights_file.h"
#include "steward/model/llama/chat_tokenizer.h"
#include "steward/tune/export.h"
#include "steward/tune/gguf_writer.h"
#include "steward/tune/testing/library.h"
#include "steward/tune/testing/program.h"
#include "steward/tune/testing/tiny.h"

namespace steward::tune {
namespace {

json::Object read_object(const std::string& path) {
  const auto text = read_file(path);
  EXPECT_TRUE(text) << text.error().message;
  const auto value = json::parse(text.value_or("{}"));
  EXPECT_TRUE(value) << value.error().message;
  return value ? value->as_object() : json::Object{};
}

std::string fresh_folder(const std::string& name) {
  const std::string folder = testing::scratch_folder() + "/" + name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

/// A file of the default model's vocabulary that says of itself what `set` writes.
std::string vocabulary_with(const std::string& name, const std::string& key, const std::string& value) {
  auto writer = GgufWriter::like(testing::model_path()).value();
  writer.set(key, value);
  writer.set_flag("tokenizer.ggml.add_bos_token", value == "llama-bpe");
  const std::string path = testing::scratch_folder() + "/" + name + ".gguf";
  EXPECT_TRUE(writer.write(path));
  return path;
}

TEST(HubTokenizer, HoldsEveryTokenMergeAndSpecialTokenAndTheTemplate) {
  const std::string folder = testing::scratch_folder() + "/hub-whole", base = testing::small_chat_model();
  ASSERT_TRUE(export_hub_model(folder, base, adding(Lora{1, 1, {}}), {}));
  const auto file = model::WeightsFile::open(base).value();
  const auto tokenizer = model::ChatTokenizer::open(base).value();
  const json::Object written = read_object(folder + "/tokenizer.json"), config = read_object(folder + "/tokenizer_config.json");
  const json::Object& bpe = written.at("model").as_object();
  const auto tokens = file.texts("tokenizer.ggml.tokens").value();
  ASSERT_EQ(bpe.at("vocab").as_object().size(), tokens.size());
  for (std::size_t id = 0; id < tokens.size(); ++id) ASSERT_EQ(bpe.at("vocab").at(tokens[id]).to_number<std::size_t>(), id);
  EXPECT_EQ(bpe.at("merges").as_array().size(), file.texts("tokenizer.ggml.merges")->size());
  bool ends = false;
  for (const json::Value& token : written.at("added_tokens").as_array()) {
    EXPECT_TRUE(token.at("special").as_bool());
    ends |= token.at("content").as_string() == "<|im_end|>" && token.at("id").to_number<int>() == tokenizer.eos();
  }
  EXPECT_TRUE(ends);
  EXPECT_EQ(written.at("pre_tokenizer").at("pretokenizers").at(0).at("type").as_string(), "Digits");
  EXPECT_EQ(config.at("chat_template").as_string(), tokenizer.template_source());
  EXPECT_EQ(config.at("eos_token").as_string(), "<|im_end|>");
}

TEST(HubTokenizer, Llama3PutsItsFirstTokenInFront) {
  const std::string folder = fresh_folder("llama3-tokenizer");
  ASSERT_TRUE(write_hub_tokenizer(folder, vocabulary_with("llama3-words", "tokenizer.ggml.pre", "llama-bpe")));
  const json::Object written = read_object(folder + "/tokenizer.json");
  EXPECT_TRUE(written.at("model").at("ignore_merges").as_bool());
  EXPECT_EQ(written.at("post_processor").at("single").at(0).at("SpecialToken").at("id").as_string(), "<|im_start|>");
  EXPECT_EQ(written.at("pre_tokenizer").at("pretokenizers").at(0).at("type").as_string(), "Split");
}

TEST(HubTokenizer, WhatHasNoCounterpartIsAnErrorInWords) {
  const std::string folder = fresh_folder("no-tokenizer");
  const auto words = write_hub_tokenizer(folder, vocabulary_with("other-words", "tokenizer.ggml.pre", "tekken"));
  ASSERT_FALSE(words);
  EXPECT_NE(words.error().message.find("tekken"), std::string::npos) << words.error().message;
  const auto kind = write_hub_tokenizer(folder, vocabulary_with("other-kind", "tokenizer.ggml.model", "llama"));
  ASSERT_FALSE(kind);
  EXPECT_NE(kind.error().message.find("'llama'"), std::string::npos) << kind.error().message;
  EXPECT_TRUE(write_hub_tokenizer(folder, testing::write_model(testing::random_weights(testing::tiny_shape()), "no-vocabulary")));
  EXPECT_TRUE(std::filesystem::is_empty(folder)) << "it has no vocabulary";
}

TEST(HubTokenizer, AFoldersOwnFilesAreCopied) {
  const std::string from = fresh_folder("hub-from"), to = fresh_folder("hub-to");
  for (const char* name : {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "model.safetensors"})
    ASSERT_TRUE(write_file_atomic(from + "/" + name, name));
  ASSERT_TRUE(write_hub_tokenizer(to, from));
  EXPECT_EQ(*read_file(to + "/tokenizer.json"), "tokenizer.json");
  EXPECT_TRUE(std::filesystem::exists(to + "/special_tokens_map.json"));
  EXPECT_FALSE(std::filesystem::exists(to + "/model.safetensors"));
}

}  // namespace
}  // namespace steward::tune
