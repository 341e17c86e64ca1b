#include "steward/filters/remote/remote.h"

#include <algorithm>
#include <filesystem>
#include <tuple>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/core/hash.h"
#include "steward/filters/remote/code_map.h"
#include "steward/filters/remote/service.h"
#include "steward/net/asker.h"
#include "steward/net/base_url.h"
#include "steward/text/pieces.h"
#include "steward/text/words.h"

namespace steward::filters {
namespace {

using remote::Label;
using remote::ServiceKind;
using text::Piece;

struct Config {
  std::string name, version;
  int severity = 2;
  double score_min = 0.5;
  text::PieceOptions on_input, on_output;
};

bool is_blank(std::string_view text) {
  for (std::size_t at = 0; at < text.size();)
    if (!text::is_whitespace(text::next_char(text, at))) return false;
  return true;
}

class RemoteFilter final : public guard::Filter {
 public:
  RemoteFilter(Config config, remote::CodeMap codes, std::unique_ptr<remote::Service> service, std::unique_ptr<net::Asker> asker)
      : config_(std::move(config)), codes_(std::move(codes)), service_(std::move(service)), asker_(std::move(asker)) {}

  const std::string& name() const override { return config_.name; }
  const std::string& version() const override { return config_.version; }
  bool slow() const override { return true; }
  Result<void> scan(const text::Views& views, const guard::Scope& scope, std::vector<guard::Finding>& out) const override {
    const std::string_view raw = views.raw().text();
    const bool on_input = scope.direction == policy::Direction::kInput;
    return judge(raw, text::cut_pieces(raw, on_input ? config_.on_input : config_.on_output), scope, out);
  }
  std::unique_ptr<guard::FilterStream> open(const guard::Scope& scope) const override;
  /// Asks about the pieces of `raw`, all at once.
  Result<void> judge(std::string_view raw, const std::vector<Piece>& pieces, const guard::Scope& scope,
                     std::vector<guard::Finding>& out) const;
  const Config& config() const { return config_; }

 private:
  void report(const Piece& piece, const std::vector<Label>& labels, std::vector<guard::Finding>& out) const;

  const Config config_;
  const remote::CodeMap codes_;
  const std::unique_ptr<remote::Service> service_;
  const std::unique_ptr<net::Asker> asker_;
};

/// Judges a piece as soon as it has come. What is above the last piece's end has not been judged.
class RemoteStream final : public guard::FilterStream {
 public:
  RemoteStream(const RemoteFilter& filter, const guard::Scope& scope)
      : filter_(filter), scope_(scope), cutter_(filter.config().on_output) {}
  Result<std::size_t> advance(const text::GrowingViews& views, std::vector<guard::Finding>& out) override {
    if (views.finished()) cutter_.finish();
    std::vector<Piece> pieces;
    while (const auto piece = cutter_.next(views.raw())) pieces.push_back(*piece);
    TRY(filter_.judge(views.raw(), pieces, scope_, out));
    return cutter_.end();
  }

 private:
  const RemoteFilter& filter_;
  const guard::Scope& scope_;
  text::PieceCutter cutter_;
};

std::unique_ptr<guard::FilterStream> RemoteFilter::open(const guard::Scope& scope) const {
  return std::make_unique<RemoteStream>(*this, scope);
}

Result<void> RemoteFilter::judge(std::string_view raw, const std::vector<Piece>& pieces, const guard::Scope& scope,
                                 std::vector<guard::Finding>& out) const {
  std::vector<std::vector<Label>> labels(pieces.size());
  std::vector<net::Question> questions;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const text::Span span = pieces[i].span;
    if (is_blank(raw.substr(span.begin, span.size()))) continue;
    const remote::Subject subject{raw.substr(pieces[i].context_begin, span.end - pieces[i].context_begin), scope};
    std::size_t index = 0;
    for (net::ClientRequest& request : service_->requests(subject))
      questions.push_back({std::move(request), [this, subject, index = index++, &into = labels[i]](std::string_view body) {
                             return service_->read(body, index, subject, into);
                           }});
  }
  TRY(asker_->ask(questions));
  for (std::size_t i = 0; i < pieces.size(); ++i) report(pieces[i], labels[i], out);
  return {};
}

/// One finding for each category and span, of its highest severity and score.
void RemoteFilter::report(const Piece& piece, const std::vector<Label>& labels, std::vector<guard::Finding>& out) const {
  const std::size_t first = out.size();
  for (const Label& label : labels) {
    if (!label.flagged && label.score < config_.score_min) continue;
    const auto meaning = codes_.find(label);
    if (!meaning) continue;
    guard::Finding finding;
    finding.category = meaning->category;
    finding.subtype = meaning->subtype;
    finding.severity = label.severity.value_or(config_.severity);
    finding.score = label.score;
    finding.span = piece.span;
    if (label.span) {
      finding.span = {std::max(piece.span.begin, piece.context_begin + label.span->begin),
                      std::min(piece.span.end, piece.context_begin + label.span->end)};
      if (finding.span.empty()) continue;  // in the context alone
    }
    finding.evidence = label.evidence.empty() ? label.code : label.code + " " + label.evidence;
    finding.filter = config_.name;
    finding.version = config_.version;
    finding.replacement = "[…]";
    const auto same = std::find_if(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(), [&](const guard::Finding& other) {
      return std::tie(other.category, other.subtype, other.span) == std::tie(finding.category, finding.subtype, finding.span);
    });
    if (same == out.end())
      out.push_back(std::move(finding));
    else if (std::tie(same->severity, same->score) < std::tie(finding.severity, finding.score))
      *same = std::move(finding);
  }
}

Result<std::int64_t> integer_or(const yaml::Node& node, std::string_view key, std::int64_t fallback,
                                std::pair<std::int64_t, std::int64_t> bounds) {
  const yaml::Node* found = node.find(key);
  if (!found) return fallback;
  const std::int64_t value = TRY(found->as_integer());
  if (value < bounds.first || value > bounds.second)
    return yaml::fail_at(*found, fmt::format("{} is from {} to {}", key, bounds.first, bounds.second));
  return value;
}

Result<std::string> text_or(const yaml::Node& node, std::string_view key, std::string_view fallback) {
  const yaml::Node* found = node.find(key);
  return found ? found->as_string() : Result<std::string>(std::string(fallback));
}

Result<const ServiceKind*> read_kind(const yaml::Node& config) {
  std::string known;
  const yaml::Node* given = config.find("service");
  const std::string name = given ? TRY(given->as_string()) : "";
  for (const ServiceKind& kind : remote::services()) {
    if (kind.name == name) return &kind;
    known += (known.empty() ? "" : ", ") + std::string(kind.name);
  }
  return yaml::fail_at(given ? *given : config, "a remote filter needs `service`, one of " + known);
}

Result<void> check_config(const yaml::Node& config, const ServiceKind& kind) {
  TRY(yaml::check_keys(config,
                       {"service",    "url",          "model",       "api_key_env",   "api_key_file",    "ca_file",    "categories",
                        "other",      "severity",     "score_min",   "timeout_ms",    "retries",         "breaker",    "connections_max",
                        "text_bytes", "stream_chars", "api_version", "blocklists",    "levels",          "attributes", "policies",
                        "risks",      "risk_in",      "logprobs",    "context_bytes", "context_messages"},
                       "the config of a remote filter"));
  for (const yaml::Member& member : config.members) {
    const std::string& key = member.key.scalar;
    const auto takes = [&](const ServiceKind& one) { return std::find(one.keys.begin(), one.keys.end(), key) != one.keys.end(); };
    if (std::any_of(remote::services().begin(), remote::services().end(), takes) && !takes(kind))
      return yaml::fail_at(member.key, fmt::format("`{}` means nothing to the service {}", key, kind.name));
  }
  return {};
}

Result<net::AskerOptions> read_asker(const yaml::Node& config, const ServiceKind& kind, const guard::FilterEnvironment& environment) {
  net::AskerOptions out;
  const std::string url = TRY(text_or(config, "url", kind.url));
  if (url.empty()) return yaml::fail_at(config, fmt::format("the service {} needs `url`", kind.name));
  const auto parsed = net::parse_base_url(url);
  if (!parsed) return yaml::fail_at(config.find("url") ? *config.find("url") : config, parsed.error().message);
  out.name = fmt::format("{} at {}", kind.name, parsed->host);
  out.client.host = parsed->host;
  out.client.port = parsed->port;
  out.client.security = parsed->security;
  const auto in_policy_dir = [&](const std::string& path) {
    return path.empty() ? path : (std::filesystem::path(environment.policy_dir) / path).string();
  };
  out.client.ca_file = in_policy_dir(TRY(text_or(config, "ca_file", "")));
  const std::string env = TRY(text_or(config, "api_key_env", "")), file = TRY(text_or(config, "api_key_file", ""));
  if (!env.empty() && !file.empty()) return yaml::fail_at(*config.find("api_key_file"), "api_key_env is there already: keep one of them");
  const auto key = read_key(env, in_policy_dir(file));
  if (!key) return yaml::fail_at(config, key.error().message);
  out.client.headers.add("Content-Type", "application/json");
  if (!key->empty()) out.client.headers.add(std::string(kind.key_header), kind.key_header == "Authorization" ? "Bearer " + *key : *key);
  out.client.body_bytes_max = std::size_t{4} << 20;
  out.client.connections_max = static_cast<int>(TRY(integer_or(config, "connections_max", 32, {1, 1024})));
  out.client.queued_requests_max = 1024;
  out.timeout = std::chrono::milliseconds(TRY(integer_or(config, "timeout_ms", 3'000, {1, 600'000})));
  out.client.connect_timeout = out.client.first_byte_timeout = out.client.idle_timeout = out.timeout;
  out.retry.retries = static_cast<int>(TRY(integer_or(config, "retries", 2, {0, 10})));
  if (const yaml::Node* breaker = config.find("breaker")) {
    TRY(yaml::check_keys(*breaker, {"failures", "open_seconds"}, "a breaker"));
    out.breaker.failures = static_cast<int>(TRY(integer_or(*breaker, "failures", 5, {1, 1'000'000})));
    out.breaker.open_time = std::chrono::seconds(TRY(integer_or(*breaker, "open_seconds", 10, {1, 86'400})));
  }
  return out;
}

Result<Config> read_config(const policy::FilterSpec& spec, const ServiceKind& kind) {
  const yaml::Node& config = spec.config;
  Config out;
  out.name = spec.name;
  out.version = fmt::format("{}-1+{}", kind.name, hex(sha256(json::dump_canonical(yaml::to_json(config)))).substr(0, 12));
  out.severity = static_cast<int>(TRY(integer_or(config, "severity", out.severity, {0, 3})));
  if (const yaml::Node* score = config.find("score_min")) {
    out.score_min = TRY(score->as_number());
    if (!(out.score_min >= 0 && out.score_min <= 1)) return yaml::fail_at(*score, "score_min is from 0 to 1");
  }
  const auto largest = static_cast<std::int64_t>(kind.text_bytes_max);
  const auto bytes =
      static_cast<std::size_t>(TRY(integer_or(config, "text_bytes", largest, {1'024, std::max<std::int64_t>(largest, 1 << 20)})));
  const auto context = static_cast<std::size_t>(TRY(integer_or(config, "context_bytes", 256, {0, 512})));
  out.on_input = {SIZE_MAX, bytes - context, context};
  out.on_output.context_bytes = context;
  out.on_output.bytes_max = std::min(out.on_output.bytes_max, bytes - context);
  out.on_output.chars_min = static_cast<std::size_t>(TRY(integer_or(config, "stream_chars", 400, {1, 2'000})));
  return out;
}

}  // namespace

Result<std::unique_ptr<guard::Filter>> make_remote(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment) {
  static const SteadyClock clock;
  return open_remote_filter(spec, environment, clock);
}

Result<std::unique_ptr<guard::Filter>> open_remote_filter(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment,
                                                          const Clock& clock) {
  const ServiceKind& kind = *TRY(read_kind(spec.config));
  TRY(check_config(spec.config, kind));
  if (kind.name == "azure_shield" && spec.on_output)
    return fail(ErrorCode::kInvalidInput, yaml::to_string(spec.where) + ": azure_shield reads the input only: write `on: [input]`");
  const net::AskerOptions options = TRY(read_asker(spec.config, kind, environment));
  const std::string url = TRY(text_or(spec.config, "url", kind.url));
  const net::BaseUrl parsed = TRY(net::parse_base_url(url));
  auto service = TRY(kind.make(spec.config, parsed.path));
  auto codes = TRY(remote::CodeMap::read(kind, spec.config, environment));
  auto asker = net::Asker::open(options, clock);
  if (!asker) return yaml::fail_at(spec.config, asker.error().message);
  return std::unique_ptr<guard::Filter>(
      std::make_unique<RemoteFilter>(TRY(read_config(spec, kind)), std::move(codes), std::move(service), std::move(*asker)));
}

}  // namespace steward::filters
