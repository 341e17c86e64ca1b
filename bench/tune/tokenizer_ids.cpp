// tokenizer_ids BASE.gguf FOLDER [PRE] < TEXTS: writes the tokenizer in the hub's form into FOLDER, then the ids that llama.cpp gives each
// line's JSON string, as JSON lines. PRE: as if the file cut words in this way (tokenizer.ggml.pre), such as llama-bpe.
#include <cstdio>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>

#include "steward/core/json.h"
#include "steward/model/llama/chat_tokenizer.h"
#include "steward/tune/gguf_writer.h"
#include "steward/tune/hub_tokenizer.h"

namespace {

using namespace steward;

Result<std::string> with_words(const std::string& base, const std::string& folder, const std::string& words) {
  auto writer = TRY(tune::GgufWriter::like(base));
  writer.set("tokenizer.ggml.pre", words);
  writer.set_flag("tokenizer.ggml.add_bos_token", words.starts_with("llama"));
  TRY(writer.write(folder + "/vocabulary.gguf"));
  return folder + "/vocabulary.gguf";
}

Result<void> run(std::string base, const std::string& folder, const std::string& words) {
  std::filesystem::create_directories(folder);
  if (!words.empty()) base = TRY(with_words(base, folder, words));
  TRY(tune::write_hub_tokenizer(folder, base));
  const auto tokenizer = TRY(model::ChatTokenizer::open(base));
  for (std::string line; std::getline(std::cin, line);) {
    const json::Value text = TRY(json::parse(line));
    std::vector<model::Token> tokens = TRY(tokenizer.tokenize(std::vector<model::PromptPart>{{false, std::string(text.as_string())}}));
    if (const auto leading = tokenizer.leading()) tokens.insert(tokens.begin(), *leading);
    fmt::print("[{}]\n", fmt::join(tokens, ","));
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const auto done = run(argv[1], argv[2], argc > 3 ? argv[3] : "");
  if (!done) fmt::print(stderr, "{}\n", done.error().message);
  return done ? 0 : 3;
}
