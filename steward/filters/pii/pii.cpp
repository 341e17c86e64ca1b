#include "steward/filters/pii/pii.h"

#include <algorithm>

#include <fmt/format.h>

#include "steward/filters/pii/recogniser.h"
#include "steward/filters/source.h"

namespace steward::filters {
namespace {

constexpr char kVersion[] = "pii-1";
constexpr std::size_t kPlaceholderBytesMax = 24;

struct Config {
  std::string name;
  std::string category = "privacy";
  std::vector<std::unique_ptr<Recogniser>> recognisers;
};

bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80; }
bool may_begin(char c) { return is_alnum(c) || c == '+' || c == '(' || c == '['; }

/// "[EMAIL_1]" at `at` of folded text, as a model may write it: any case, spaces inside the brackets or in place of "_".
struct Placeholder {
  Attempt::Verdict verdict = Attempt::Verdict::kNo;
  std::size_t length = 0;
  std::string name;
};

Placeholder read_placeholder(std::string_view text, std::size_t at, bool finished) {
  Placeholder out;
  std::string kind, number;
  for (std::size_t next = at + 1; next < text.size() && next - at < kPlaceholderBytesMax; ++next) {
    const char c = text[next];
    if (c == ']') {
      if (kind.empty() || number.empty()) return out;
      std::transform(kind.begin(), kind.end(), kind.begin(), [](char letter) { return static_cast<char>(letter - 32); });
      return {Attempt::Verdict::kFound, next - at + 1, fmt::format("[{}_{}]", kind, number)};
    }
    const bool letter = c >= 'a' && c <= 'z', digit = c >= '0' && c <= '9';
    if (letter && number.empty()) {
      kind += c;
    } else if (digit && !kind.empty() && number.size() < 6) {
      number += c;
    } else if (c != ' ' && c != '_' && c != '\\') {
      return out;
    }
  }
  if (!finished && text.size() - at < kPlaceholderBytesMax) out.verdict = Attempt::Verdict::kMore;
  return out;
}

class Scanner {
 public:
  Scanner(const Config& config, const guard::Scope& scope) : config_(config), scope_(scope) {}

  std::size_t advance(const Source& source, std::string_view raw, std::vector<guard::Finding>& out) {
    const std::string_view text = source.text();
    while (at_ < text.size()) {
      const char c = text[at_];
      const bool border = at_ == 0 || !is_alnum(text[at_ - 1]) || c == '[' || c == '+' || c == '(';
      if (!border || !may_begin(c)) {
        ++at_;
        continue;
      }
      if (c == '[') {
        if (!take_placeholder(source, out)) break;
      } else if (!take_value(source, raw, out)) {
        break;
      }
    }
    return source.watermark(at_);
  }

 private:
  bool outgoing() const { return scope_.direction == policy::Direction::kOutput; }

  /// False if more text is needed to tell.
  bool take_placeholder(const Source& source, std::vector<guard::Finding>& out) {
    if (!outgoing() || !scope_.vault) {
      ++at_;
      return true;
    }
    const Placeholder found = read_placeholder(source.text(), at_, source.finished());
    if (found.verdict == Attempt::Verdict::kMore) return false;
    const auto value = found.verdict == Attempt::Verdict::kFound ? scope_.vault->restore(found.name) : std::nullopt;
    if (!value) {
      ++at_;
      return true;
    }
    guard::Finding finding = blank(source, found.length);
    finding.subtype = "placeholder";
    finding.evidence = found.name;
    finding.severity = 0;
    finding.restore = true;
    finding.replacement = *value;
    out.push_back(std::move(finding));
    at_ += found.length;
    return true;
  }

  bool take_value(const Source& source, std::string_view raw, std::vector<guard::Finding>& out) {
    bool undecided = false;
    for (const auto& recogniser : config_.recognisers) {
      const Attempt attempt = recogniser->attempt(source.text(), at_, source.finished());
      if (attempt.verdict == Attempt::Verdict::kMore) undecided = true;
      if (attempt.verdict != Attempt::Verdict::kFound || undecided) continue;
      report(source, raw, *recogniser, attempt, out);
      at_ += attempt.length;
      return true;
    }
    if (undecided) return false;
    ++at_;
    return true;
  }

  void report(const Source& source, std::string_view raw, const Recogniser& recogniser, const Attempt& attempt, std::vector<guard::Finding>& out) {
    guard::Finding finding = blank(source, attempt.length);
    finding.subtype = recogniser.subtype();
    finding.evidence = finding.subtype;
    if (outgoing() && scope_.vault && scope_.vault->knows(recogniser.kind(), attempt.canonical)) return;  // the owner's own
    finding.replacement = outgoing() || !scope_.vault
                              ? fmt::format("[{}]", recogniser.kind())
                              : scope_.vault->placeholder(recogniser.kind(), attempt.canonical, raw.substr(finding.span.begin, finding.span.size()));
    out.push_back(std::move(finding));
  }

  guard::Finding blank(const Source& source, std::size_t length) const {
    guard::Finding finding;
    finding.category = config_.category;
    finding.severity = 1;
    finding.filter = config_.name;
    finding.version = kVersion;
    finding.view = text::ViewKind::kFolded;
    finding.span = source.origin({at_, at_ + length});
    return finding;
  }

  const Config& config_;
  const guard::Scope& scope_;
  std::size_t at_ = 0;
};

class PiiStream final : public guard::FilterStream {
 public:
  PiiStream(const Config& config, const guard::Scope& scope) : scanner_(config, scope) {}
  Result<std::size_t> advance(const text::GrowingViews& views, std::vector<guard::Finding>& out) override {
    return scanner_.advance(Source(views, text::ViewKind::kFolded), views.raw(), out);
  }

 private:
  Scanner scanner_;
};

class PiiFilter final : public guard::Filter {
 public:
  explicit PiiFilter(Config config) : config_(std::move(config)) {}
  const std::string& name() const override { return config_.name; }
  const std::string& version() const override { return version_; }
  Result<void> scan(const text::Views& views, const guard::Scope& scope, std::vector<guard::Finding>& out) const override {
    Scanner(config_, scope).advance(Source(views, text::ViewKind::kFolded), views.raw().text(), out);
    return {};
  }
  std::unique_ptr<guard::FilterStream> open(const guard::Scope& scope) const override { return std::make_unique<PiiStream>(config_, scope); }

 private:
  const Config config_;
  const std::string version_ = kVersion;
};

}  // namespace

Result<std::unique_ptr<guard::Filter>> make_pii(const policy::FilterSpec& spec, const guard::FilterEnvironment&) {
  TRY(yaml::check_keys(spec.config, {"category", "types", "regions"}, "the config of a pii filter"));
  Config config;
  config.name = spec.name;
  if (const auto* category = spec.config.find("category")) config.category = TRY(category->as_string());
  std::vector<std::string> regions{"US"};
  if (const auto* node = spec.config.find("regions")) {
    regions = TRY(node->as_strings());
    for (const std::string& region : regions)
      if (!is_phone_region(region)) return yaml::fail_at(*node, fmt::format("'{}' is no region with phone numbers: write codes such as US, DE", region));
  }
  std::vector<std::string> types{"email", "phone", "card", "iban"};
  const auto* node = spec.config.find("types");
  if (node) types = TRY(node->as_strings());
  // A card or an IBAN may look like a phone number: the ones with check digits go first.
  for (const std::string_view type : {"iban", "card", "phone", "email"}) {
    if (std::find(types.begin(), types.end(), type) == types.end()) continue;
    config.recognisers.push_back(type == "iban"    ? make_iban_recogniser()
                                 : type == "card"  ? make_card_recogniser()
                                 : type == "phone" ? make_phone_recogniser(regions)
                                                   : make_email_recogniser());
  }
  if (config.recognisers.size() != types.size()) return yaml::fail_at(*node, "types are email, phone, card, iban");
  return std::unique_ptr<guard::Filter>(std::make_unique<PiiFilter>(std::move(config)));
}

}  // namespace steward::filters
