#include "steward/filters/judge/judge_filter.h"

#include <algorithm>

#include <fmt/format.h>

#include "steward/filters/judge/judge_config.h"

namespace steward::filters {
namespace {

/// Of each message of the conversation, the beginning.
constexpr std::size_t kMessageBytesMax = 1000;

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

/// What is put into findings beside category, score and span.
struct Label {
  std::string filter, version, evidence;
};

/// Judges one piece after the other of one text.
class Pieces {
 public:
  Pieces(const Judge& judge, const Label& label, const guard::Scope& scope)
      : judge_(judge),
        label_(label),
        scope_(scope),
        cutter_(scope.direction == policy::Direction::kOutput ? judge.config().output : judge.config().input) {}

  void finish() { cutter_.finish(); }
  std::size_t end() const { return cutter_.end(); }
  Result<void> advance(std::string_view text, std::vector<guard::Finding>& out) {
    while (const auto piece = cutter_.next(text)) TRY(judge_piece(text, *piece, out));
    return {};
  }

 private:
  Result<void> judge_piece(std::string_view text, const text::Piece& piece, std::vector<guard::Finding>& out) const {
    const std::string_view part = text.substr(piece.span.begin, piece.span.size());
    if (is_blank(part)) return {};
    Exhibit exhibit = exhibit_of(part, scope_, judge_.config().context_messages);
    if (piece.context_begin < piece.span.begin)
      exhibit.before.push_back({exhibit.role, std::string(text.substr(piece.context_begin, piece.span.begin - piece.context_begin))});
    const auto probabilities = TRY(judge_.judge(exhibit));
    for (std::size_t i = 0; i < probabilities.size(); ++i) {
      if (probabilities[i] < judge_.config().report) continue;
      guard::Finding finding;
      finding.category = judge_.definitions()[i].id;
      finding.severity = judge_.config().severity;
      finding.score = probabilities[i];
      finding.span = piece.span;
      finding.evidence = label_.evidence;
      finding.filter = label_.filter;
      finding.version = label_.version;
      out.push_back(std::move(finding));
    }
    return {};
  }

  const Judge& judge_;
  const Label& label_;
  const guard::Scope& scope_;
  text::PieceCutter cutter_;
};

class JudgeStream final : public guard::FilterStream {
 public:
  JudgeStream(const Judge& judge, const Label& label, const guard::Scope& scope) : pieces_(judge, label, scope) {}
  Result<std::size_t> advance(const text::GrowingViews& views, std::vector<guard::Finding>& out) override {
    if (views.finished()) pieces_.finish();
    TRY(pieces_.advance(views.raw(), out));
    return pieces_.end();
  }

 private:
  Pieces pieces_;
};

class JudgeFilter final : public guard::Filter {
 public:
  JudgeFilter(std::unique_ptr<Judge> judge, Label label) : judge_(std::move(judge)), label_(std::move(label)) {}
  const std::string& name() const override { return label_.filter; }
  const std::string& version() const override { return label_.version; }
  bool slow() const override { return true; }

  Result<void> scan(const text::Views& views, const guard::Scope& scope, std::vector<guard::Finding>& out) const override {
    Pieces pieces(*judge_, label_, scope);
    pieces.finish();
    return pieces.advance(views.raw().text(), out);
  }
  std::unique_ptr<guard::FilterStream> open(const guard::Scope& scope) const override {
    return std::make_unique<JudgeStream>(*judge_, label_, scope);
  }

 private:
  const std::unique_ptr<Judge> judge_;
  const Label label_;
};

Result<std::unique_ptr<Judge>> make(const policy::FilterSpec& spec, const policy::Policy& policy, const ModelSource& models) {
  JudgeSettings settings = TRY(read_judge(spec, policy));
  if (!models)
    return yaml::fail_at(spec.config, fmt::format("the judge asks the model '{}' of a product: run this where there is one (--product DIR)",
                                                  settings.model));
  const auto model = models(settings.model);
  if (!model) return fail(model.error().code, fmt::format("{}: the judge: {}", yaml::to_string(spec.config.where), model.error().message));
  return std::make_unique<Judge>(std::move(settings.judge), std::move(settings.definitions), **model);
}

/// Names everything that the scores depend on and that is not in the policy.
std::string version_of(const model::ModelRecord& model) {
  return fmt::format("judge-1/{}{}", model.id, model.sha256.empty() ? "" : "@" + model.sha256.substr(0, 12));
}

}  // namespace

Exhibit exhibit_of(std::string_view text, const guard::Scope& scope, std::size_t context_messages) {
  Exhibit out{{}, scope.direction == policy::Direction::kOutput ? "assistant" : scope.role, std::string(text)};
  if (!scope.messages) return out;
  const std::size_t end = scope.direction == policy::Direction::kOutput ? scope.messages->size() : scope.message;
  for (std::size_t at = end; at > 0 && out.before.size() < context_messages; --at) {
    const guard::Message& message = (*scope.messages)[at - 1];
    if (message.role == "system" || message.role == "developer" || is_blank(message.text)) continue;
    out.before.push_back({message.role, message.text.substr(0, text::char_floor(message.text, kMessageBytesMax))});
  }
  std::reverse(out.before.begin(), out.before.end());
  return out;
}

Result<std::unique_ptr<guard::Filter>> make_judge(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment,
                                                  const ModelSource& models) {
  auto judge = TRY(make(spec, *environment.policy, models));
  const model::ModelRecord& model = judge->model().record();
  Label label{spec.name, version_of(model), fmt::format("judge:{}:{}", to_string(judge->config().form), model.id)};
  return std::unique_ptr<guard::Filter>(std::make_unique<JudgeFilter>(std::move(judge), std::move(label)));
}

Result<std::unique_ptr<Judge>> judge_of(const policy::Policy& policy, const std::string& name, const ModelSource& models) {
  for (const policy::FilterSpec& spec : policy.filters())
    if (spec.kind == "judge" && (name.empty() || spec.name == name)) return make(spec, policy, models);
  return fail(ErrorCode::kNotFound, name.empty() ? "the policy has no filter of the kind judge"
                                                 : fmt::format("the policy has no filter '{}' of the kind judge", name));
}

}  // namespace steward::filters
