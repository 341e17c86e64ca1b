#include "steward/filters/secret/secret.h"

#include <algorithm>
#include <array>

#include "steward/filters/secret/rules.h"
#include "steward/filters/source.h"
#include "steward/text/words.h"

namespace steward::filters {
namespace {

constexpr char kVersion[] = "secret-1";
/// A token that is longer is cut there: a stream must not wait for its end.
constexpr std::size_t kTokenBytesMax = 1024;
constexpr std::size_t kKeyBytesMax = 16384, kKeyLineBytesMin = 16;

struct Config {
  std::string name;
  std::string category;
};

constexpr auto kAsciiEnds = [] {
  std::array<bool, 128> table{};
  for (const char c : std::string_view(" \t\n\v\f\r\"'`<>()[]{},;|")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

/// ASCII that goes on with a token.
constexpr auto kGoesOn = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0; c < kAsciiEnds.size(); ++c) table[c] = !kAsciiEnds[c];
  return table;
}();

bool ends_token(char32_t c) {
  if (c < 0x80) return kAsciiEnds[c];
  return text::is_whitespace(c) || c == 0x201C || c == 0x201D || text::is_unspaced_char(c);
}

/// Reads the folded text token by token; each is judged when its end is known, with what stands before it on its line.
class Scanner {
 public:
  Scanner(const Config& config, const guard::Scope& scope) : config_(config), scope_(scope) {}

  std::size_t advance(const Source& source, std::string_view raw, std::vector<guard::Finding>& out) {
    const std::string_view text = source.text();
    while (at_ < text.size()) {
      std::size_t next = at_;
      if (ends_token(text::next_char(text, next))) {
        at_ = next;
        continue;
      }
      std::size_t end = at_;
      bool complete = source.finished();
      while (end < text.size()) {
        if (end - at_ < kTokenBytesMax && kGoesOn[static_cast<unsigned char>(text[end])]) {
          ++end;
          continue;
        }
        next = end;
        complete = complete || end - at_ >= kTokenBytesMax;
        if (ends_token(text::next_char(text, next)) || end - at_ >= kTokenBytesMax) {
          complete = true;
          break;
        }
        end = next;
      }
      if (!complete) break;
      take_token(source, raw, {at_, end}, out);
      at_ = end;
    }
    return source.watermark(at_);
  }

 private:
  void take_token(const Source& source, std::string_view raw, text::Span token, std::vector<guard::Finding>& out) {
    const std::string_view text = source.text();
    if (in_key_ || begins_key(text, token)) return take_key_part(source, raw, token, out);
    if (const auto match = secret::find_secret(text, token)) report(source, raw, match->span, match->rule, out);
  }

  /// True if `token` ends the line that begins a private key.
  static bool begins_key(std::string_view text, text::Span token) {
    const std::string_view rest = text.substr(token.begin, token.size());
    if (!rest.ends_with("key-----") && rest != "block-----") return false;
    const auto line = text.substr(0, token.begin).rfind('\n');
    const std::size_t begin = line == std::string_view::npos ? 0 : line;
    const std::string_view head = text.substr(begin, token.end - begin);
    return head.find("-----begin ") != std::string_view::npos && head.find("private") != std::string_view::npos;
  }

  /// Everything between the borders of a PEM block (RFC 7468), token by token, and nothing put in its place but for the first.
  void take_key_part(const Source& source, std::string_view raw, text::Span token, std::vector<guard::Finding>& out) {
    if (!in_key_) {
      in_key_ = true;
      key_bytes_ = 0;
      return;
    }
    const std::string_view part = source.text().substr(token.begin, token.size());
    key_bytes_ += part.size();
    if (part.starts_with("-----") || key_bytes_ > kKeyBytesMax) {
      in_key_ = false;
      return;
    }
    if (part.size() >= kKeyLineBytesMin) report(source, raw, token, "private-key", out);
  }

  void report(const Source& source, std::string_view raw, text::Span span, std::string_view rule, std::vector<guard::Finding>& out) {
    guard::Finding finding;
    finding.category = config_.category;
    finding.subtype = std::string(rule);
    finding.severity = 2;
    finding.span = source.origin(span);
    finding.evidence = std::string(rule);
    finding.filter = config_.name;
    finding.version = kVersion;
    finding.view = text::ViewKind::kFolded;
    const std::string_view written = raw.substr(finding.span.begin, finding.span.size());
    if (scope_.vault && scope_.direction == policy::Direction::kInput)
      finding.replacement = scope_.vault->placeholder("SECRET", written, written);
    else if (scope_.vault && scope_.vault->knows("SECRET", written))
      return;  // its owner's own, put back
    else
      finding.replacement = "[SECRET]";
    out.push_back(std::move(finding));
  }

  const Config& config_;
  const guard::Scope& scope_;
  std::size_t at_ = 0;
  bool in_key_ = false;
  std::size_t key_bytes_ = 0;
};

class SecretStream final : public guard::FilterStream {
 public:
  SecretStream(const Config& config, const guard::Scope& scope) : scanner_(config, scope) {}
  Result<std::size_t> advance(const text::GrowingViews& views, std::vector<guard::Finding>& out) override {
    return scanner_.advance(Source(views, text::ViewKind::kFolded), views.raw(), out);
  }

 private:
  Scanner scanner_;
};

class SecretFilter final : public guard::Filter {
 public:
  explicit SecretFilter(Config config) : config_(std::move(config)) {}
  const std::string& name() const override { return config_.name; }
  const std::string& version() const override { return version_; }
  bool reads_decoded() const override { return true; }
  Result<void> scan(const text::Views& views, const guard::Scope& scope, std::vector<guard::Finding>& out) const override {
    Scanner(config_, scope).advance(Source(views, text::ViewKind::kFolded), views.raw().text(), out);
    return {};
  }
  std::unique_ptr<guard::FilterStream> open(const guard::Scope& scope) const override {
    return std::make_unique<SecretStream>(config_, scope);
  }

 private:
  const Config config_;
  const std::string version_ = kVersion;
};

}  // namespace

Result<std::unique_ptr<guard::Filter>> make_secret(const policy::FilterSpec& spec, const guard::FilterEnvironment&) {
  TRY(yaml::check_keys(spec.config, {"category"}, "the config of a secret filter"));
  secret::prepare();
  Config config{spec.name, "credentials"};
  if (const auto* category = spec.config.find("category")) config.category = TRY(category->as_string());
  return std::unique_ptr<guard::Filter>(std::make_unique<SecretFilter>(std::move(config)));
}

}  // namespace steward::filters
