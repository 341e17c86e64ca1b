#include "steward/tune/hub_tokenizer.h"

#include <filesystem>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/core/json.h"
#include "steward/model/encoder/weights_file.h"

namespace steward::tune {
namespace {

namespace fs = std::filesystem;

constexpr std::int32_t kControl = 3, kUserDefined = 4;  // tokenizer.ggml.token_type
constexpr char kLlama3Words[] =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

struct Vocabulary {
  std::vector<std::string_view> tokens, merges;
  std::vector<std::int32_t> types;
  std::string words;  ///< how texts are cut into words: tokenizer.ggml.pre
  std::string chat_template;
  std::optional<std::size_t> bos, eos, unknown, padding;
  bool add_bos = false;
  std::int64_t context = 0;

  std::string text(std::optional<std::size_t> id) const { return id ? std::string(tokens[*id]) : ""; }
};

Result<std::optional<std::size_t>> token_id(const model::WeightsFile& file, const std::string& key, std::size_t count) {
  if (!file.header().scalars.contains(key)) return std::optional<std::size_t>();
  return std::optional(static_cast<std::size_t>(TRY(file.integer(key, 0, static_cast<std::int64_t>(count) - 1))));
}

Result<Vocabulary> read_vocabulary(const model::WeightsFile& file) {
  Vocabulary out;
  out.tokens = TRY(file.texts("tokenizer.ggml.tokens"));
  out.merges = TRY(file.texts("tokenizer.ggml.merges"));
  out.types = TRY(file.numbers<std::int32_t>("tokenizer.ggml.token_type"));
  if (out.types.size() != out.tokens.size()) return fail(ErrorCode::kInvalidInput, "tokenizer.ggml.token_type has not one kind a token");
  out.words = file.text("tokenizer.ggml.pre");
  out.chat_template = file.text("tokenizer.chat_template");
  const std::size_t count = out.tokens.size();
  out.bos = TRY(token_id(file, "tokenizer.ggml.bos_token_id", count));
  out.eos = TRY(token_id(file, "tokenizer.ggml.eos_token_id", count));
  out.unknown = TRY(token_id(file, "tokenizer.ggml.unknown_token_id", count));
  out.padding = TRY(token_id(file, "tokenizer.ggml.padding_token_id", count));
  const auto& scalars = file.header().scalars;
  // As llama.cpp: Llama 3's files that do not say it begin with their first token.
  out.add_bos = out.words == "llama-bpe" || out.words == "llama3" || out.words == "llama-v3";
  if (const auto found = scalars.find("tokenizer.ggml.add_bos_token");
      found != scalars.end() && std::holds_alternative<bool>(found->second))
    out.add_bos = std::get<bool>(found->second);
  out.context = TRY(file.integer(file.text("general.architecture") + ".context_length", 1, 1LL << 40));
  return out;
}

json::Object byte_level(bool cuts_words) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", cuts_words}};
}

/// Errors: kInvalidInput for a way of cutting that has no counterpart here.
Result<json::Value> words_of(const Vocabulary& vocabulary) {
  const std::string& words = vocabulary.words;
  if (words == "gpt-2" || words == "default" || words.empty()) return json::Value(byte_level(true));
  json::Object first;
  if (words == "smollm")
    first = {{"type", "Digits"}, {"individual_digits", true}};
  else if (words == "llama-bpe" || words == "llama3" || words == "llama-v3")
    first = {{"type", "Split"}, {"pattern", json::Object{{"Regex", kLlama3Words}}}, {"behavior", "Isolated"}, {"invert", false}};
  else
    return fail(
        ErrorCode::kInvalidInput,
        fmt::format("its tokenizer cuts words as '{}', for which no tokenizer.json is written: train from the model's folder of the hub, "
                    "whose files are copied",
                    words));
  return json::Value(json::Object{{"type", "Sequence"}, {"pretokenizers", json::Array{first, byte_level(words == "smollm")}}});
}

json::Array added_tokens(const Vocabulary& vocabulary) {
  json::Array out;
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    if (vocabulary.types[id] != kControl && vocabulary.types[id] != kUserDefined) continue;
    out.emplace_back(json::Object{{"id", id},
                                  {"content", vocabulary.tokens[id]},
                                  {"single_word", false},
                                  {"lstrip", false},
                                  {"rstrip", false},
                                  {"normalized", false},
                                  {"special", vocabulary.types[id] == kControl}});
  }
  return out;
}

/// Puts the first token in front, where the model expects it.
json::Value post_processor(const Vocabulary& vocabulary) {
  if (!vocabulary.add_bos || !vocabulary.bos) return nullptr;
  const std::string bos = vocabulary.text(vocabulary.bos);
  const auto special = [&](int type) { return json::Object{{"SpecialToken", json::Object{{"id", bos}, {"type_id", type}}}}; };
  const auto sequence = [](const char* name, int type) {
    return json::Object{{"Sequence", json::Object{{"id", name}, {"type_id", type}}}};
  };
  return json::Object{
      {"type", "TemplateProcessing"},
      {"single", json::Array{special(0), sequence("A", 0)}},
      {"pair", json::Array{special(0), sequence("A", 0), special(1), sequence("B", 1)}},
      {"special_tokens",
       json::Object{{bos, json::Object{{"id", bos}, {"ids", json::Array{*vocabulary.bos}}, {"tokens", json::Array{bos}}}}}}};
}

Result<std::string> tokenizer_json(const Vocabulary& vocabulary) {
  json::Object tokens;
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) tokens[vocabulary.tokens[id]] = id;
  json::Array merges;
  for (const std::string_view merge : vocabulary.merges) merges.emplace_back(merge);
  const bool llama3 = vocabulary.words.starts_with("llama");
  const json::Object out{{"version", "1.0"},
                         {"truncation", nullptr},
                         {"padding", nullptr},
                         {"added_tokens", added_tokens(vocabulary)},
                         {"normalizer", nullptr},
                         {"pre_tokenizer", TRY(words_of(vocabulary))},
                         {"post_processor", post_processor(vocabulary)},
                         {"decoder", byte_level(true)},
                         {"model", json::Object{{"type", "BPE"},
                                                {"dropout", nullptr},
                                                {"unk_token", nullptr},
                                                {"continuing_subword_prefix", nullptr},
                                                {"end_of_word_suffix", nullptr},
                                                {"fuse_unk", false},
                                                {"byte_fallback", false},
                                                {"ignore_merges", llama3},
                                                {"vocab", std::move(tokens)},
                                                {"merges", std::move(merges)}}}};
  return json::dump(out);
}

std::string tokenizer_config(const Vocabulary& vocabulary) {
  json::Object out{{"tokenizer_class", "PreTrainedTokenizerFast"},
                   {"model_max_length", vocabulary.context},
                   {"clean_up_tokenization_spaces", false},
                   {"add_prefix_space", false},
                   {"model_input_names", json::Array{"input_ids", "attention_mask"}}};
  for (const auto& [key, id] :
       {std::pair{"bos_token", vocabulary.bos}, std::pair{"eos_token", vocabulary.eos}, std::pair{"unk_token", vocabulary.unknown},
        std::pair{"pad_token", vocabulary.padding ? vocabulary.padding : vocabulary.eos}})
    if (id) out[key] = vocabulary.text(id);
  if (!vocabulary.chat_template.empty()) out["chat_template"] = vocabulary.chat_template;
  return json::dump_canonical(out) + "\n";
}

Result<void> copy_files(const std::string& from, const std::string& to) {
  for (const char* name : {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
                           "merges.txt", "tokenizer.model", "chat_template.jinja", "generation_config.json"}) {
    std::error_code error;
    if (!fs::exists(from + "/" + name, error)) continue;
    fs::copy_file(from + "/" + name, to + "/" + name, error);
    if (error) return fail(ErrorCode::kInternal, fmt::format("cannot copy {}/{}: {}", from, name, error.message()));
  }
  return {};
}

}  // namespace

Result<void> write_hub_tokenizer(const std::string& folder, const std::string& base_path) {
  if (fs::is_directory(base_path)) return copy_files(base_path, folder);
  const model::WeightsFile file = TRY(model::WeightsFile::open(base_path));
  const std::string kind = file.text("tokenizer.ggml.model");
  if (kind == "none" || !file.has_array("tokenizer.ggml.tokens")) return {};
  if (kind != "gpt2")
    return fail(
        ErrorCode::kInvalidInput,
        fmt::format("its tokenizer is of the kind '{}', for which no tokenizer.json is written: train from the model's folder of the "
                    "hub, whose files are copied",
                    kind));
  const Vocabulary vocabulary = TRY(read_vocabulary(file));
  const std::string tokenizer = TRY(tokenizer_json(vocabulary));
  TRY(write_file_atomic(folder + "/tokenizer.json", tokenizer));
  return write_file_atomic(folder + "/tokenizer_config.json", tokenizer_config(vocabulary));
}

}  // namespace steward::tune
