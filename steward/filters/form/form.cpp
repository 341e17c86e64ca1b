#include "steward/filters/form/form.h"

#include <algorithm>

#include <fmt/format.h>

#include "steward/filters/input_only.h"
#include "steward/filters/source.h"
#include "steward/text/words.h"

namespace steward::filters {
namespace {

constexpr char kVersion[] = "form-1";
/// Tokens that chat templates give a meaning, folded.
constexpr std::string_view kTokens[] = {"<|im_start|>",
                                        "<|im_end|>",
                                        "<|im_sep|>",
                                        "<|endoftext|>",
                                        "<|end|>",
                                        "<|user|>",
                                        "<|assistant|>",
                                        "<|system|>",
                                        "<|tool|>",
                                        "<|start_header_id|>",
                                        "<|end_header_id|>",
                                        "<|eot_id|>",
                                        "<|eom_id|>",
                                        "<|begin_of_text|>",
                                        "<|end_of_text|>",
                                        "<|start|>",
                                        "<|message|>",
                                        "<|channel|>",
                                        "<|return|>",
                                        "<|call|>",
                                        "<|python_tag|>",
                                        "<|header_start|>",
                                        "<|header_end|>",
                                        "<|eot|>",
                                        "<start_of_turn>",
                                        "<end_of_turn>",
                                        "<bos>",
                                        "<eos>",
                                        "<s>",
                                        "</s>",
                                        "[inst]",
                                        "[/inst]",
                                        "<<sys>>",
                                        "<</sys>>",
                                        "[available_tools]",
                                        "[tool_results]",
                                        "[system_prompt]",
                                        "<|fim_prefix|>",
                                        "<|endofprompt|>",
                                        "<|start_of_role|>",
                                        "<|end_of_role|>"};
/// Headers that only count at the start of a line, behind an empty one, and alone before their text.
constexpr std::string_view kHeaders[] = {
    "human:", "assistant:", "system:", "### system:", "### instruction:", "### assistant:", "### human:"};

struct Config {
  std::string name;
  std::string category = "prompt_attack";
  std::size_t bytes_max = std::size_t{1} << 20;
};

bool is_control(char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF);
}

bool is_direction_override(char32_t c) { return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069); }

bool has_small_letter(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

class FormFilter final : public guard::Filter {
 public:
  explicit FormFilter(Config config) : config_(std::move(config)) {}
  const std::string& name() const override { return config_.name; }
  const std::string& version() const override { return version_; }
  std::unique_ptr<guard::FilterStream> open(const guard::Scope&) const override { return std::make_unique<InputOnlyStream>(); }

  Result<void> scan(const text::Views& views, const guard::Scope& scope, std::vector<guard::Finding>& out) const override {
    const std::string_view raw = views.raw().text();
    if (raw.size() > config_.bytes_max)
      out.push_back(finding("oversized", fmt::format("over-{}-bytes", config_.bytes_max), {0, raw.size()}, 2));
    find_tokens(views, out);
    if (scope.role == "user" || scope.role == "tool") find_headers(views, out);
    find_controls(raw, out);
    return {};
  }

 private:
  guard::Finding finding(std::string_view subtype, std::string_view evidence, text::Span span, int severity) const {
    guard::Finding out;
    out.category = config_.category;
    out.subtype = subtype;
    out.evidence = evidence;
    out.span = span;
    out.severity = severity;
    out.filter = config_.name;
    out.version = version_;
    return out;
  }

  /// In `code` a token is most likely talked about.
  static bool in_code(std::string_view text, std::size_t at) {
    return at > 0 && std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '`') % 2 == 1;
  }

  void find_tokens(const text::Views& views, std::vector<guard::Finding>& out) const {
    const Source source(views, text::ViewKind::kFolded);
    const std::string_view text = source.text();
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] != '<' && text[at] != '[') continue;
      for (const std::string_view token : kTokens) {
        if (!text.substr(at).starts_with(token)) continue;
        // Templates write their bracketed tokens in capitals; `list[inst]` is code.
        const text::Span span = source.origin({at, at + token.size()});
        if (token[0] == '[' && has_small_letter(views.raw().text().substr(span.begin, span.size()))) continue;
        guard::Finding found = finding("template_injection", token, span, in_code(text, at) ? 0 : 1);
        found.view = text::ViewKind::kFolded;
        found.replacement = std::string(token.substr(0, 1)) + " " + std::string(token.substr(1));  // no longer a token to anyone
        out.push_back(std::move(found));
      }
    }
  }

  void find_headers(const text::Views& views, std::vector<guard::Finding>& out) const {
    const Source source(views, text::ViewKind::kFolded);
    const std::string_view text = source.text();
    for (std::size_t at = text.find("\n\n"); at != std::string_view::npos; at = text.find("\n\n", at + 1)) {
      const std::size_t line = at + 2;
      for (const std::string_view header : kHeaders) {
        if (!text.substr(std::min(line, text.size())).starts_with(header) || in_code(text, line)) continue;
        guard::Finding found = finding("role_header", header, source.origin({line, line + header.size()}), 1);
        found.view = text::ViewKind::kFolded;
        found.replacement = "\"" + std::string(header) + "\"";
        out.push_back(std::move(found));
      }
    }
  }

  void find_controls(std::string_view raw, std::vector<guard::Finding>& out) const {
    std::size_t overrides = 0, first_override = 0;
    for (std::size_t at = 0; at < raw.size();) {
      if (raw[at] >= ' ' && raw[at] < 0x7F) {
        ++at;
        continue;
      }
      const std::size_t begin = at;
      const char32_t c = text::next_char(raw, at);
      if (is_direction_override(c) && overrides++ == 0) first_override = begin;
      if (!is_control(c)) continue;
      guard::Finding found = finding("control_characters", fmt::format("U+{:04X}", static_cast<std::uint32_t>(c)), {begin, at}, 1);
      found.replacement = "";
      out.push_back(std::move(found));
    }
    // One or two belong to right-to-left text; many hide what the reader sees.
    if (overrides >= 4) {
      std::size_t end = first_override;
      text::next_char(raw, end);
      guard::Finding found = finding("control_characters", "direction-overrides", {first_override, end}, 1);
      found.replacement = "";
      out.push_back(std::move(found));
    }
  }

  const Config config_;
  const std::string version_ = kVersion;
};

}  // namespace

Result<std::unique_ptr<guard::Filter>> make_form(const policy::FilterSpec& spec, const guard::FilterEnvironment&) {
  TRY(yaml::check_keys(spec.config, {"category", "max_bytes"}, "the config of a form filter"));
  Config config;
  config.name = spec.name;
  if (const auto* category = spec.config.find("category")) config.category = TRY(category->as_string());
  if (const auto* bytes = spec.config.find("max_bytes"))
    config.bytes_max = static_cast<std::size_t>(std::max<std::int64_t>(1, TRY(bytes->as_integer())));
  return std::unique_ptr<guard::Filter>(std::make_unique<FormFilter>(std::move(config)));
}

}  // namespace steward::filters
