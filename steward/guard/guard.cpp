#include "steward/guard/guard.h"

#include <algorithm>

#include <fmt/format.h>

#include "steward/core/ids.h"
#include "steward/guard/output_guard.h"
#include "steward/guard/pipeline.h"
#include "steward/text/language.h"

namespace steward::guard {
namespace {

class PolicyGuard final : public Guard {
 public:
  PolicyGuard(std::shared_ptr<const policy::Policy> policy, std::vector<Stage> stages, const Clock& clock)
      : policy_(std::move(policy)), stages_(std::move(stages)), clock_(clock) {}

  const policy::Policy& policy() const override { return *policy_; }
  InputOutcome check_input(const Turn& turn, const std::vector<Message>& messages) const override;
  std::unique_ptr<OutputGuard> open_output(const Turn& turn) const override;
  Decision check_text(const policy::Context& context, policy::Direction direction, std::string_view text) const override;

 private:
  policy::Context resolve(const Turn& turn, const std::vector<Message>& messages) const;
  bool scan_message(std::size_t index, const Message& message, const Scope& scope, const policy::Plan& plan, Decision& decision) const;
  Result<void> scan_stage(const Stage& stage, const text::Views& views, const Scope& scope, ScanRecord& record, std::vector<Finding>& found) const;

  const std::shared_ptr<const policy::Policy> policy_;
  const std::vector<Stage> stages_;
  const Clock& clock_;
};

bool scans_role(const policy::FilterSpec& spec, const std::string& role) {
  if (!spec.on_input) return false;
  if (role == "assistant") return true;  // for rewriting only: its own words are not judged again
  return std::find(spec.roles.begin(), spec.roles.end(), role) != spec.roles.end();
}

policy::Context PolicyGuard::resolve(const Turn& turn, const std::vector<Message>& messages) const {
  policy::Context context = turn.context;
  if (context.language != "und") return context;
  context.language = turn.conversation->language();
  if (!context.language.empty()) return context;
  context.language = "und";
  const auto last_user = std::find_if(messages.rbegin(), messages.rend(), [](const Message& m) { return m.role == "user"; });
  if (last_user == messages.rend()) return context;
  context.language = text::identify_language(last_user->text).language;
  if (context.language != "und") turn.conversation->set_language(context.language);
  return context;
}

Result<void> PolicyGuard::scan_stage(const Stage& stage, const text::Views& views, const Scope& scope, ScanRecord& record,
                                     std::vector<Finding>& found) const {
  const std::int64_t start = steady_ns();
  auto scanned = stage.filter->scan(views, scope, found);
  const std::int64_t time = steady_ns() - start;
  record.time_ns += time;
  record.bytes += views.raw().text().size();
  if (scanned && time > std::chrono::nanoseconds(stage.spec.deadline).count())
    scanned = fail(ErrorCode::kDeadlineExceeded, fmt::format("took {} us", time / 1000));
  if (!scanned) record.skipped = scanned.error().message;
  return scanned;
}

/// Appends the ruled findings of one message to `decision`. False if a filter that must answer could not.
bool PolicyGuard::scan_message(std::size_t index, const Message& message, const Scope& scope, const policy::Plan& plan, Decision& decision) const {
  const text::Views views(message.text);
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    const Stage& stage = stages_[i];
    if (!scans_role(stage.spec, message.role)) continue;
    std::vector<Finding> found;
    if (!scan_stage(stage, views, scope, decision.scanned[i], found) && stage.spec.fail_mode == policy::FailMode::kClosed) return false;
    for (Finding& finding : found) {
      finding.message = index;
      decision.findings.push_back(rule(plan, policy::Direction::kInput, std::move(finding)));
    }
  }
  return true;
}

policy::Action strictest(const std::vector<RuledFinding>& findings, std::size_t from) {
  policy::Action action = policy::Action::kPass;
  for (std::size_t i = from; i < findings.size(); ++i) action = std::max(action, findings[i].ruling.action);
  return action;
}

InputOutcome PolicyGuard::check_input(const Turn& turn, const std::vector<Message>& messages) const {
  InputOutcome outcome;
  const policy::Context context = resolve(turn, messages);
  const auto plan = policy_->plan(context);
  outcome.language = context.language;
  outcome.messages = messages;
  Decision& decision = outcome.decision;
  decision.id = make_id("dec_", clock_);
  decision.policy_id = policy_->id();
  decision.policy_digest = policy_->digest();
  for (const Stage& stage : stages_)
    decision.scanned.push_back({stage.spec.name, stage.filter->version(), 0, 0, stage.spec.on_input ? "" : "not wired to the input"});

  std::vector<RuledFinding> enforced;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Message& message = messages[i];
    if (message.text.empty()) continue;
    const auto before = turn.conversation->judged(message.role, message.text);
    if (before && *before >= policy::Action::kCanned) {
      outcome.messages[i].text.clear();
      continue;
    }
    Scope scope{context, policy::Direction::kInput, message.role, &turn.conversation->vault()};
    decision.findings.clear();
    if (!scan_message(i, message, scope, *plan, decision)) {
      fail_closed(decision, *policy_, context);
      return outcome;
    }
    if (const auto edits = edits_of(decision.findings); !edits.empty()) outcome.messages[i].text = apply_edits(message.text, edits);
    const bool history = before.has_value() || message.role == "assistant";
    if (!history) turn.conversation->remember(message.role, message.text, strictest(decision.findings, 0));
    for (RuledFinding& ruled : decision.findings) {
      if (!history || is_edit(ruled)) enforced.push_back(std::move(ruled));
    }
  }
  decision.findings = std::move(enforced);
  decide(decision, *policy_, context, clock_);
  return outcome;
}

std::unique_ptr<OutputGuard> PolicyGuard::open_output(const Turn& turn) const {
  const policy::Context context = resolve(turn, {});
  return std::make_unique<StreamGuard>(stages_, *policy_, policy_->plan(context), turn.conversation, clock_);
}

Decision PolicyGuard::check_text(const policy::Context& context, policy::Direction direction, std::string_view text) const {
  const Turn turn{context, std::make_shared<Conversation>(random_key())};
  if (direction == policy::Direction::kInput) return check_input(turn, {{"user", std::string(text)}}).decision;
  const auto output = open_output(turn);
  output->push(text);
  output->finish();
  return output->decision();
}

}  // namespace

Result<std::shared_ptr<const Guard>> Guard::create(std::shared_ptr<const policy::Policy> policy, const FilterFactory& factory,
                                                   FilterEnvironment environment, const Clock& clock) {
  environment.policy = policy.get();
  std::vector<Stage> stages;
  for (const policy::FilterSpec& spec : policy->filters()) {
    auto filter = factory(spec, environment);
    if (!filter) {
      Error error = std::move(filter).error();
      if (error.message.find(spec.where.file) == std::string::npos) error.message = fmt::format("{}: filter '{}': {}", yaml::to_string(spec.where), spec.name, error.message);
      return fail(std::move(error));
    }
    stages.push_back({spec, std::move(*filter)});
  }
  return std::shared_ptr<const Guard>(std::make_shared<PolicyGuard>(std::move(policy), std::move(stages), clock));
}

}  // namespace steward::guard
