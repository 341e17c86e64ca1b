#include "steward/filters/secret/rules.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <re2/re2.h>

namespace steward::filters::secret {
namespace {

/// How far before a token its name may stand.
constexpr std::size_t kLookBackBytes = 64;
constexpr std::size_t kPasswordBytesMin = 6;
constexpr std::size_t kTokenBytesMin = 16;

struct Rule {
  const char* id;
  std::string_view literal;  ///< stands in every match
  const char* regex;         ///< of folded text: lower case; group 1 is the secret
};

/// Forms as the providers document them. Folding takes the case away, so that the prefixes and lengths decide.
constexpr Rule kProviders[] = {
    {"aws-access-key", "akia", "(akia[a-z2-7]{16})"},
    {"aws-access-key", "asia", "(asia[a-z2-7]{16})"},
    {"github-token", "gh", "(gh[pousr]_[a-z0-9]{36,})"},
    {"github-token", "github_pat_", "(github_pat_[a-z0-9_]{60,})"},
    {"gitlab-token", "gl", "((?:glpat|gldt|glrt|glcbt|glptt)-[a-z0-9_-]{20,})"},
    {"slack-token", "xox", "(xox[abeoprs]-[a-z0-9-]{10,})"},
    {"slack-token", "xapp-", "(xapp-[0-9]-[a-z0-9-]{20,})"},
    {"slack-webhook", "hooks.slack", "(hooks\\.slack\\.com/(?:services|workflows)/[a-z0-9+/]{30,})"},
    {"stripe-key", "k_", "([sr]k_(?:live|test)_[a-z0-9]{10,})"},
    {"stripe-key", "whsec_", "(whsec_[a-z0-9+/=]{20,})"},
    {"openai-key", "sk-", "(sk-(?:proj|svcacct|admin|none)-[a-z0-9_-]{20,})"},
    {"openai-key", "sk-", "(sk-[a-z0-9]{48})"},
    {"anthropic-key", "sk-ant-", "(sk-ant-[a-z0-9]{3,10}-[a-z0-9_-]{20,})"},
    {"google-api-key", "aiza", "(aiza[a-z0-9_-]{35})"},
    {"google-oauth", "ya29.", "(ya29\\.[a-z0-9_-]{20,})"},
    {"google-oauth", "gocspx-", "(gocspx-[a-z0-9_-]{28})"},
    {"huggingface-token", "hf_", "(hf_[a-z0-9]{34})"},
    {"huggingface-token", "api_org_", "(api_org_[a-z0-9]{34})"},
    {"npm-token", "npm_", "(npm_[a-z0-9]{36})"},
    {"pypi-token", "pypi-", "(pypi-[a-z0-9_-]{50,})"},
    {"sendgrid-key", "sg.", "(sg\\.[a-z0-9_-]{16,32}\\.[a-z0-9_-]{16,64})"},
    {"mailgun-key", "key-", "(key-[0-9a-f]{32})"},
    {"mailchimp-key", "-us", "([0-9a-f]{32}-us[0-9]{1,2})"},
    {"twilio-key", "sk", "(sk[0-9a-f]{32})"},
    {"telegram-bot", ":aa", "([0-9]{8,10}:aa[a-z0-9_-]{33})"},
    {"discord-bot", ".", "([mno][a-z0-9_-]{23,25}\\.[a-z0-9_-]{6}\\.[a-z0-9_-]{27,38})"},
    {"digitalocean-token", "_v1_", "(do[opr]_v1_[0-9a-f]{64})"},
    {"shopify-token", "shp", "(shp(?:at|ca|pa|ss)_[0-9a-f]{32})"},
    {"square-token", "sq0", "(sq0(?:atp|csp|idp)-[a-z0-9_-]{22,60})"},
    {"databricks-token", "dapi", "(dapi[0-9a-f]{32}(?:-[0-9])?)"},
    {"grafana-token", "glsa_", "(glsa_[a-z0-9]{32}_[0-9a-f]{8})"},
    {"grafana-token", "glc_", "(glc_[a-z0-9+/=]{32,})"},
    {"linear-key", "lin_api_", "(lin_api_[a-z0-9]{40})"},
    {"notion-token", "ntn_", "(ntn_[a-z0-9]{40,60})"},
    {"notion-token", "secret_", "(secret_[a-z0-9]{43})"},
    {"vault-token", "hv", "(hv[sbr]\\.[a-z0-9_-]{24,})"},
    {"doppler-token", "dp.", "(dp\\.(?:pt|st|ct|sa)\\.[a-z0-9_.-]{40,})"},
    {"sentry-token", "sntry", "(sntry[su]_[a-z0-9+/=_-]{40,})"},
    {"postman-key", "pmak-", "(pmak-[0-9a-f]{24}-[0-9a-f]{34})"},
    {"newrelic-key", "nra", "(nra[kl]-[a-z0-9]{27})"},
    {"groq-key", "gsk_", "(gsk_[a-z0-9]{52})"},
    {"replicate-token", "r8_", "(r8_[a-z0-9]{37})"},
    {"age-key", "age-secret-key-", "(age-secret-key-1[a-z0-9]{58})"},
    {"json-web-token", "eyj", "(eyj[a-z0-9_-]{8,}\\.eyj[a-z0-9_-]{8,}\\.[a-z0-9_-]{8,})"},
    {"azure-storage-key", "accountkey=", "accountkey=([a-z0-9+/]{80,90}={0,2})"},
    {"url-password", "://", "[a-z][a-z0-9+.-]{1,20}://[^/\\s:@]{1,64}:([^/\\s:@]{3,128})@[a-z0-9.-]+"},
};

/// A name of a secret, then its value at the end of the window. With a strong name a short value is enough.
constexpr char kPasswordAssignment[] =
    "(?:^|[^a-z0-9])(?:[a-z0-9]{1,24}[_-])?(?:password|passwd|passphrase|passwort|contraseña|pwd|pass|mot de "
    "passe|secret|client[_-]?secret|api[_ -]?secret)"
    "[\"'`*]{0,2}(?: is| ist| es|\\s?[:=]|\\s?=>)\\s?[\"'`]?([^\\s\"'`<>]{6,128})$";
constexpr char kTokenAssignment[] =
    "(?:^|[^a-z0-9])(?:[a-z0-9]{1,24}[_-])?(?:api[_ -]?key|access[_ -]?key(?:[_ -]?id)?|secret[_ -]?(?:access[_ -]?)?key|auth[_ "
    "-]?token|access[_ -]?token|bearer|token|private[_ -]?key"
    "|encryption[_ -]?key|signing[_ -]?key|connection[_ -]?string|authorization)"
    "[\"'`*]{0,2}(?: is| ist| es|\\s?[:=]|\\s?=>|\\s)\\s?[\"'`]?(?:bearer |basic |token )?([^\\s\"'`<>]{16,})$";

/// Values that stand for one, and are none.
constexpr std::array<std::string_view, 17> kStandIns = {"example",     "changeme",   "your",   "xxxx",        "****",     "....",
                                                        "${",          "{{",         "<",      "placeholder", "redacted", "dummy",
                                                        "process.env", "os.environ", "getenv", "env.",        "secret_"};

struct Compiled {
  std::vector<std::unique_ptr<re2::RE2>> providers;  ///< of kProviders
  std::unique_ptr<re2::RE2> password, token;
};

std::unique_ptr<re2::RE2> compile(const std::string& regex) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  return std::make_unique<re2::RE2>(regex, options);
}

const Compiled& compiled() {
  static const Compiled all = [] {
    Compiled out;
    for (const Rule& rule : kProviders) out.providers.push_back(compile(std::string("(?:^|[^a-z0-9])") + rule.regex + "(?:$|[^a-z0-9])"));
    out.password = compile(kPasswordAssignment);
    out.token = compile(kTokenAssignment);
    return out;
  }();
  return all;
}

bool is_stand_in(std::string_view value) {
  if (std::any_of(kStandIns.begin(), kStandIns.end(), [&](std::string_view word) { return value.find(word) != std::string_view::npos; }))
    return true;
  return std::all_of(value.begin(), value.end(), [&](char c) { return c == value.front(); });
}

/// Text of one kind of character only is most likely a word: "password: required", "token expired".
bool is_mixed(std::string_view value) {
  static constexpr auto kKinds = [] {
    std::array<unsigned char, 256> table{};
    for (unsigned char c = 'a'; c <= 'z'; ++c) table[c] = 1;
    for (unsigned char c = '0'; c <= '9'; ++c) table[c] = 2;
    for (const char c : std::string_view("!@#$%^&*+")) table[static_cast<unsigned char>(c)] = 4;
    return table;
  }();
  unsigned kinds = 0;
  for (const char c : value) kinds |= kKinds[static_cast<unsigned char>(c)];
  return (kinds & (kinds - 1)) != 0;
}

std::string_view without_punctuation(std::string_view value) {
  while (!value.empty() &&
         (value.back() == '.' || value.back() == ',' || value.back() == ';' || value.back() == ')' || value.back() == '?'))
    value.remove_suffix(1);
  return value;
}

text::Span place_of(std::string_view text, std::string_view part) {
  const auto begin = static_cast<std::size_t>(part.data() - text.data());
  return {begin, begin + part.size()};
}

std::optional<Match> find_provider(std::string_view text, std::string_view token) {
  if (token.size() < kTokenBytesMin) return std::nullopt;
  for (std::size_t i = 0; i < std::size(kProviders); ++i) {
    re2::StringPiece secret;
    if (token.find(kProviders[i].literal) == std::string_view::npos) continue;
    if (!re2::RE2::PartialMatch(re2::StringPiece(token.data(), token.size()), *compiled().providers[i], &secret)) continue;
    const std::string_view found(secret.data(), secret.size());
    if (is_stand_in(found) || entropy_bits(found) < 2.5) return std::nullopt;
    return Match{place_of(text, found), kProviders[i].id};
  }
  return std::nullopt;
}

std::optional<Match> find_assigned(std::string_view text, text::Span token) {
  if (!is_mixed(text.substr(token.begin, token.size()))) return std::nullopt;  // most words
  std::size_t begin = token.begin > kLookBackBytes ? token.begin - kLookBackBytes : 0;
  if (const auto line = text.substr(begin, token.begin - begin).rfind('\n'); line != std::string_view::npos) begin += line + 1;
  const std::string_view window = text.substr(begin, token.end - begin);
  const re2::StringPiece piece(window.data(), window.size());
  re2::StringPiece value;
  for (const auto& [id, regex, size_min, bits_min] : {std::tuple{"password", compiled().password.get(), kPasswordBytesMin, 2.0},
                                                      std::tuple{"token", compiled().token.get(), kTokenBytesMin, 3.0}}) {
    if (!re2::RE2::PartialMatch(piece, *regex, &value)) continue;
    const std::string_view found = without_punctuation({value.data(), value.size()});
    if (found.size() < size_min || !is_mixed(found) || is_stand_in(found) || entropy_bits(found) < bits_min) continue;
    if (found.find("://") != std::string_view::npos) continue;
    return Match{place_of(text, found), id};
  }
  return std::nullopt;
}

}  // namespace

void prepare() { compiled(); }

double entropy_bits(std::string_view text) {
  std::array<int, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  for (const int count : counts) {
    if (count == 0) continue;
    const double p = static_cast<double>(count) / static_cast<double>(text.size());
    bits -= p * std::log2(p);
  }
  return bits;
}

std::optional<Match> find_secret(std::string_view text, text::Span token) {
  if (auto match = find_provider(text, text.substr(token.begin, token.size()))) return match;
  return find_assigned(text, token);
}

}  // namespace steward::filters::secret
