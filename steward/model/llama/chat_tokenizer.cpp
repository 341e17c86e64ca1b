#include "steward/model/llama/chat_tokenizer.h"

#include <fmt/format.h>
#include <llama.h>

#include "steward/core/hash.h"
#include "steward/core/utf8.h"
#include "steward/model/llama/gguf_header.h"
#include "steward/model/llama/loaded.h"

namespace steward::model {
namespace {

std::string digest_of(const llama_vocab* vocab, const std::string& template_source) {
  Sha256 hash;
  const int count = llama_vocab_n_tokens(vocab);
  for (Token token = 0; token < count; ++token) {
    const std::string text = token_text(vocab, token);
    hash.update(fmt::format("{} {} ", text.size(), static_cast<int>(llama_vocab_get_attr(vocab, token)))).update(text);
  }
  const auto marks = fmt::format("type {} bos {} {} eos {} eot {} ", static_cast<int>(llama_vocab_type(vocab)), llama_vocab_bos(vocab),
                                 llama_vocab_get_add_bos(vocab), llama_vocab_eos(vocab), llama_vocab_eot(vocab));
  return hex(hash.update(marks).update(template_source).finish());
}

}  // namespace

struct ChatTokenizer::Parts {
  std::unique_ptr<llama_model, ModelDelete> model;
  const llama_vocab* vocab = nullptr;
  std::optional<ChatTemplate> chat_template;
  std::string path, template_source, digest;
};

ChatTokenizer::ChatTokenizer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ChatTokenizer::ChatTokenizer(ChatTokenizer&&) noexcept = default;
ChatTokenizer::~ChatTokenizer() = default;

Result<ChatTokenizer> ChatTokenizer::open(const std::string& path) { return open_with_template(path, {}); }

Result<ChatTokenizer> ChatTokenizer::open_with_template(const std::string& path, std::string template_source) {
  TRY(read_gguf_header(path));
  prepare_library();
  auto parts = std::make_unique<Parts>();
  llama_model_params params = llama_model_default_params();
  params.vocab_only = true;
  params.n_gpu_layers = 0;
  parts->model.reset(llama_model_load_from_file(path.c_str(), params));
  if (!parts->model)
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} has no tokenizer that this program reads ({}): fetch or convert it again", path, last_library_error()));
  parts->path = path;
  parts->vocab = llama_model_get_vocab(parts->model.get());
  if (llama_vocab_eos(parts->vocab) < 0)
    return fail(ErrorCode::kInvalidInput, fmt::format("{} names no token that ends a text (tokenizer.ggml.eos_token_id)", path));
  const char* own = llama_model_chat_template(parts->model.get(), nullptr);
  parts->template_source = template_source.empty() && own ? own : std::move(template_source);
  if (!parts->template_source.empty()) {
    ChatTemplate read = TRY(parse_template(parts->template_source, parts->vocab));
    parts->chat_template.emplace(std::move(read));
  }
  parts->digest = digest_of(parts->vocab, parts->template_source);
  return ChatTokenizer(std::move(parts));
}

Result<std::vector<PromptPart>> ChatTokenizer::render(const std::vector<ChatMessage>& messages, PromptEnd end) const {
  if (!parts_->chat_template) return fail(ErrorCode::kInvalidInput, "the model has no chat template: train it on plain texts");
  return parts_->chat_template->render(messages, end);
}

Result<std::vector<Token>> ChatTokenizer::tokenize(std::span<const PromptPart> parts) const {
  std::vector<Token> out;
  for (const PromptPart& part : parts) {
    const auto tokens = TRY(model::tokenize(parts_->vocab, part.text, false, !part.is_input));
    out.insert(out.end(), tokens.begin(), tokens.end());
  }
  return out;
}

Result<std::vector<Token>> ChatTokenizer::tokenize(std::string_view text) const {
  return model::tokenize(parts_->vocab, text, false, false);
}

Result<std::string> ChatTokenizer::detokenize(std::span<const Token> tokens) const {
  return repair_utf8(TRY(model::detokenize(parts_->vocab, tokens)));
}

const std::string& ChatTokenizer::path() const { return parts_->path; }
bool ChatTokenizer::has_template() const { return parts_->chat_template.has_value(); }
const std::string& ChatTokenizer::template_source() const { return parts_->template_source; }

bool ChatTokenizer::ends_reply(Token token) const { return token >= 0 && token < vocabulary() && llama_vocab_is_eog(parts_->vocab, token); }

Token ChatTokenizer::eos() const { return llama_vocab_eos(parts_->vocab); }

Token ChatTokenizer::pad() const {
  const Token pad = llama_vocab_pad(parts_->vocab);
  return pad >= 0 ? pad : eos();
}

std::optional<Token> ChatTokenizer::leading() const {
  const Token bos = llama_vocab_bos(parts_->vocab);
  return llama_vocab_get_add_bos(parts_->vocab) && bos >= 0 ? std::optional(bos) : std::nullopt;
}

int ChatTokenizer::vocabulary() const { return llama_vocab_n_tokens(parts_->vocab); }
const std::string& ChatTokenizer::digest() const { return parts_->digest; }

}  // namespace steward::model
