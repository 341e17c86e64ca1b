#include "steward/guard/output_guard.h"

#include <algorithm>

#include <fmt/format.h>

#include "steward/core/check.h"
#include "steward/core/ids.h"

namespace steward::guard {
namespace {

/// More held text than this means that a filter never makes up its mind.
constexpr std::size_t kHeldBytesMax = 16'384;

}  // namespace

StreamGuard::StreamGuard(const std::vector<Stage>& stages, const policy::Policy& policy, std::shared_ptr<const policy::Plan> plan,
                         std::shared_ptr<Conversation> conversation, const Clock& clock)
    : policy_(policy), plan_(std::move(plan)), conversation_(std::move(conversation)), clock_(clock) {
  scope_.context = plan_->context();
  scope_.direction = policy::Direction::kOutput;
  scope_.role = "assistant";
  scope_.vault = &conversation_->vault();
  decision_.id = make_id("dec_", clock);
  decision_.direction = policy::Direction::kOutput;
  decision_.policy_id = policy.id();
  decision_.policy_digest = policy.digest();
  for (const Stage& stage : stages) {
    decision_.scanned.push_back({stage.spec.name, stage.filter->version(), 0, 0, stage.spec.on_output ? "" : "not wired to the output"});
    if (stage.spec.on_output) lanes_.push_back({&stage, stage.filter->open(scope_), 0, decision_.scanned.size() - 1, false});
  }
}

Release StreamGuard::push(std::string_view delta) {
  if (ended_) return {"", true};
  segmenter_.push(delta);
  return drain();
}

Release StreamGuard::finish() {
  if (ended_) return {"", true};
  segmenter_.finish();
  Release release = drain();
  if (ended_) return release;
  views_.finish();
  step(release.text);
  if (!ended_) {
    STEWARD_CHECK(released_ == views_.raw().size());
    ended_ = true;
    decide(decision_, policy_, scope_.context, clock_);
  }
  release.ended = true;
  return release;
}

Release StreamGuard::drain() {
  Release release;
  while (!ended_) {
    const std::string segment = segmenter_.next();
    if (segment.empty()) break;
    views_.append(segment);
    step(release.text);
  }
  decision_.held_bytes_max = std::max(decision_.held_bytes_max, held_bytes());
  release.ended = ended_;
  return release;
}

Result<void> StreamGuard::advance(Lane& lane, std::vector<Finding>& found) {
  const policy::FilterSpec& spec = lane.stage->spec;
  ScanRecord& record = decision_.scanned[lane.record];
  const std::int64_t start = steady_ns();
  auto watermark = lane.stream->advance(views_, found);
  const std::int64_t time = steady_ns() - start;
  record.time_ns += time;
  record.bytes = views_.raw().size();
  if (watermark && time > std::chrono::nanoseconds(spec.deadline).count())
    watermark = fail(ErrorCode::kDeadlineExceeded, fmt::format("took {} us", time / 1000));
  if (!watermark) {
    record.skipped = watermark.error().message;
    return fail(std::move(watermark).error());
  }
  STEWARD_CHECK(*watermark >= lane.watermark && *watermark <= views_.raw().size());
  lane.watermark = *watermark;
  return {};
}

void StreamGuard::step(std::string& out) {
  std::size_t first_blocked = std::string::npos;
  for (Lane& lane : lanes_) {
    if (lane.skipped) continue;
    std::vector<Finding> found;
    if (!advance(lane, found)) {
      lane.skipped = true;
      if (lane.stage->spec.fail_mode == policy::FailMode::kOpen) continue;
      fail_closed(decision_, policy_, scope_.context);
      ended_ = true;  // nothing more leaves: what is held was not agreed on
      return;
    }
    for (Finding& finding : found) {
      RuledFinding ruled = rule(*plan_, policy::Direction::kOutput, std::move(finding));
      if (ruled.ruling.action >= policy::Action::kCanned) first_blocked = std::min(first_blocked, ruled.finding.span.begin);
      if (is_edit(ruled)) edits_.push_back({ruled.finding.span, *ruled.finding.replacement});
      decision_.findings.push_back(std::move(ruled));
    }
  }
  const std::size_t watermark = agreed_watermark();
  if (first_blocked != std::string::npos) return end(std::min(watermark, first_blocked), out);
  release_up_to(watermark, out);
  if (views_.raw().size() - released_ > kHeldBytesMax) {
    fail_closed(decision_, policy_, scope_.context);
    ended_ = true;
  }
}

std::size_t StreamGuard::agreed_watermark() const {
  std::size_t watermark = views_.raw().size();
  for (const Lane& lane : lanes_) {
    if (!lane.skipped && lane.stage->spec.stream_mode == policy::StreamMode::kHold) watermark = std::min(watermark, lane.watermark);
  }
  return watermark;
}

/// Never cuts through an edit: one that reaches over the watermark waits as a whole.
void StreamGuard::release_up_to(std::size_t watermark, std::string& out) {
  const std::vector<Edit> merged = merge_edits(edits_);
  const std::string_view raw = views_.raw();
  for (const Edit& edit : merged) {
    if (edit.span.begin < watermark && edit.span.end > watermark) watermark = edit.span.begin;
  }
  for (const Edit& edit : merged) {
    if (edit.span.end > watermark || edit.span.begin < released_) continue;
    out += raw.substr(released_, edit.span.begin - released_);
    out += edit.replacement;
    released_ = edit.span.end;
  }
  if (watermark > released_) {
    out += raw.substr(released_, watermark - released_);
    released_ = watermark;
  }
  std::erase_if(edits_, [this](const Edit& edit) { return edit.span.end <= released_; });
}

void StreamGuard::end(std::size_t watermark, std::string& out) {
  release_up_to(watermark, out);
  ended_ = true;
  decide(decision_, policy_, scope_.context, clock_);
}

}  // namespace steward::guard
