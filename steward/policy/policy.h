#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "steward/core/result.h"
#include "steward/core/yaml.h"
#include "steward/policy/action.h"

namespace steward::policy {

/// For whom and where a turn happens. "unknown" counts: overrides may name it.
struct Context {
  std::string audience = "general";
  std::string age_band = "unknown";      ///< u13 | 13-15 | 16-17 | 18+ | unknown
  std::string jurisdiction = "unknown";  ///< ISO 3166-1 alpha-2, or unknown
  std::string language = "und";          ///< BCP 47 primary tag
  std::string surface = "chat";          ///< chat | completions | api | …
  friend bool operator==(const Context&, const Context&) = default;
  friend auto operator<=>(const Context&, const Context&) = default;
};

/// What a filter found, as far as the policy needs to know it.
struct Match {
  std::string_view category;  ///< id of a category of the policy; others rule as kLog
  std::string_view subtype;   ///< or empty
  int severity = 0;           ///< 0 to 3
  double score = 1;           ///< calibrated probability
  Direction direction = Direction::kInput;
  std::optional<double> threshold = std::nullopt;  ///< from which its filter's calibration acts, where the category names no score itself
};

/// The policy's answer to one match, with the line that decided.
struct Ruling {
  Action action = Action::kLog;
  bool review = false;
  bool violation = false;   ///< counts against the user's standing
  bool supportive = false;  ///< at-risk floor: supportive reply, finish "stop", never a violation
  Disposition disposition = Disposition::kAllowed;
  double threshold = 0;  ///< the score from which it acts
  std::string reply;     ///< id of the canned reply to give when the action is kCanned, or empty
  std::string reason;    ///< in words, for `explain`
  yaml::Location where;  ///< the line that decided
};

enum class FailMode { kClosed, kOpen };
enum class StreamMode { kHold, kAdvisory };

/// One filter as the policy wires it. `config` is read by the filter's own factory.
struct FilterSpec {
  std::string name;  ///< unique in the policy, stands in findings
  std::string kind;  ///< lexicon | pattern | pii | canned | form | identity | …
  bool on_input = true;
  bool on_output = true;
  std::vector<std::string> roles;  ///< message roles it scans on input; default user, tool
  FailMode fail_mode = FailMode::kClosed;
  StreamMode stream_mode = StreamMode::kHold;
  bool shadow = false;  ///< is what it finds only recorded, beside the decision?
  bool decode = true;   ///< does it read the decoded views, if it can?
  std::chrono::microseconds deadline{250'000};
  yaml::Node config;  ///< the filter's own keys
  yaml::Location where;
};

/// A hard-coded reply. Matched by the `canned` filter, or named by a ruling (supportive replies).
struct CannedReply {
  std::string id;
  std::string owner;
  std::string why;
  std::string review_by;    ///< ISO date; `check` warns past it
  std::string retire_when;  ///< the test that retires it
  bool supportive = false;
  std::map<std::string, std::vector<std::string>> match;  ///< language → phrases (folded by the filter); may be empty
  std::map<std::string, std::string> reply;  ///< language → text; "en" or the first is the fallback. "{resources}" is filled in
  yaml::Location where;
};

/// Where a user at risk finds help. `place` is a jurisdiction or "*" (international directory).
struct Resource {
  std::string topic;  ///< category id such as self_harm
  std::string place;
  std::string name;
  std::string contact;
  std::string verified;  ///< ISO date
  std::string expires;   ///< ISO date; an expired entry is not shown
};

struct Notice {
  std::string id;
  std::vector<std::string> when;            ///< before_first_input | on_question | on_sensitive | every_3h_for_minors | in_reply
  std::map<std::string, std::string> text;  ///< language → text
  std::vector<std::string> places;          ///< jurisdictions, empty = all
  std::vector<std::string> categories;      ///< for on_sensitive: which findings bring it up
  yaml::Location where;
};

/// prompting's rule, as written: `when` conditions and what to add.
struct PromptRule {
  std::string id;
  yaml::Node when;
  yaml::Node add;
  double probability = 1;
  yaml::Location where;
};

/// How long texts are kept.
struct Retention {
  int text_days = 30;  ///< 0: for ever
};

class Plan;

/// One policy file with all that it extends, checked. Immutable, thread-safe.
class Policy {
 public:
  struct LoadOptions {
    std::string shipped_dir;  ///< where `extends: steward/base@1` is looked up (policies/ of the distribution)
  };
  /// Errors: kInvalidInput with file:line:column and what to write instead; kNotFound.
  static Result<std::shared_ptr<const Policy>> load(const std::string& path, const LoadOptions& options);
  virtual ~Policy() = default;

  virtual const std::string& id() const = 0;
  virtual const std::string& version() const = 0;
  virtual const std::string& digest() const = 0;              ///< sha256 hex over all files it was made from
  virtual const std::vector<std::string>& files() const = 0;  ///< to watch for changes
  virtual const std::vector<std::string>& languages() const = 0;
  virtual const std::vector<FilterSpec>& filters() const = 0;
  virtual const std::vector<CannedReply>& canned() const = 0;
  virtual const std::vector<Resource>& resources() const = 0;
  virtual const std::vector<Notice>& notices() const = 0;
  virtual const std::vector<PromptRule>& prompt_rules() const = 0;
  virtual const std::vector<std::string>& category_ids() const = 0;
  virtual Retention retention() const { return {}; }
  /// Reply to a blocked turn in `language` (fallback English). Default ones begin "I'm sorry, but".
  virtual std::string refusal(std::string_view category, std::string_view language) const = 0;
  /// The share of benign texts that the category may flag, for filters that turn budgets into thresholds: that of the language, else of the
  /// direction, else of the category; nothing if the policy gives none.
  virtual std::optional<double> fpr_budget(std::string_view category, Direction direction, std::string_view language) const {
    (void)category, (void)direction, (void)language;
    return std::nullopt;
  }
  /// The whole file after `extends`, for prompting, cards and other readers of keys not modelled here.
  virtual const yaml::Node& root() const = 0;
  /// The plan for one context: compiled once, then shared. Thread-safe.
  virtual std::shared_ptr<const Plan> plan(const Context& context) const = 0;
};

/// A policy resolved for one context. Immutable, thread-safe, cheap to ask.
class Plan {
 public:
  virtual ~Plan() = default;
  virtual const Context& context() const = 0;
  virtual Ruling rule(const Match& match) const = 0;
};

}  // namespace steward::policy
