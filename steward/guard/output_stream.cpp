#include "steward/guard/output_stream.h"

#include <algorithm>
#include <utility>

#include "steward/core/check.h"
#include "steward/guard/history.h"
#include "steward/guard/rewrite.h"
#include "steward/guard/segment.h"
#include "steward/guard/shadow.h"
#include "steward/guard/turn_language.h"
#include "steward/guard/verdict.h"

namespace steward::guard {
namespace {

/// `text` as it stands inside a JSON string.
std::string escape_json(std::string_view text) {
  std::string quoted;
  json::append_string(quoted, text);
  return quoted.substr(1, quoted.size() - 2);
}

/// One filter on this stream.
struct Lane {
  const Detector* detector = nullptr;
  std::unique_ptr<FilterStream> stream;
  ScanRecord* record = nullptr;
  std::size_t watermark = 0;
  bool working = true;

  bool holds() const { return working && detector->holds(); }
};

class OutputStream final : public OutputGuard {
 public:
  OutputStream(const Pipeline& pipeline, std::shared_ptr<const void> keep_alive, const Turn& turn);

  Release push(std::string_view delta) override;
  Release finish() override;
  Release take_whole(std::string_view text) override;
  bool shadow_due() const override { return shadow_due_; }
  void run_shadow() override;
  const Decision& decision() const override { return decision_; }
  std::size_t held_bytes() const override { return mender_.pending_bytes() + segmenter_.pending_bytes() + views_.raw().size() - released_; }

 private:
  void open_lanes();
  bool is_clean(const std::string& text);
  void take(std::string& out);
  void settle(std::string& out);
  void advance(Lane& lane, LapTimer& timer);
  Result<void> check_answer(const Lane& lane, std::size_t watermark, std::size_t first);
  void take_finding(Finding finding);
  std::size_t release_limit() const;
  void release_to(std::size_t limit, std::string& out);
  void release_within_bounds(std::string& out);
  void give_up(Lane& lane, const Error& error);
  void measure_lag();

  const Pipeline pipeline_;
  const std::shared_ptr<const void> keep_alive_;  // shared: the guard may be replaced while this stream runs
  const std::shared_ptr<Conversation> conversation_;
  const std::vector<std::string> confidential_;
  const std::vector<Message> messages_;
  const Notation notation_;
  Scope scope_;
  std::shared_ptr<const policy::Plan> plan_;
  std::chrono::nanoseconds shortest_deadline_;
  Utf8Mender mender_;
  Segmenter segmenter_;
  text::GrowingViews views_;
  std::vector<Lane> lanes_;
  std::vector<Finding> fresh_;     ///< found in this step, not yet ruled
  Edits edits_;                    ///< not yet released
  std::size_t released_ = 0;       ///< position in the raw text
  std::size_t ending_ = SIZE_MAX;  ///< begin of the earliest span that ends the stream
  bool ended_ = false;
  bool shadow_due_;
  std::string clean_;   ///< a whole output in which nothing was found, for filters in shadow
  std::string mended_;  ///< of the delta under way
  std::string sent_;    ///< all releases
  Decision decision_;
};

OutputStream::OutputStream(const Pipeline& pipeline, std::shared_ptr<const void> keep_alive, const Turn& turn)
    : pipeline_(pipeline),
      keep_alive_(std::move(keep_alive)),
      conversation_(turn.conversation),
      confidential_(turn.confidential),
      messages_(turn.messages),
      notation_(turn.notation),
      shortest_deadline_(shortest_deadline(pipeline.detectors)),
      shadow_due_(has_shadow(pipeline.detectors, policy::Direction::kOutput)),
      decision_(begin_decision(pipeline, policy::Direction::kOutput)) {
  STEWARD_CHECK(conversation_ != nullptr);
  scope_.context = turn.context;
  scope_.context.language = known_language(turn.context, *conversation_);
  scope_.direction = policy::Direction::kOutput;
  scope_.role = "assistant";
  scope_.vault = &conversation_->vault();
  if (!confidential_.empty()) scope_.confidential = &confidential_;
  if (!messages_.empty()) scope_.messages = &messages_;
}

void OutputStream::open_lanes() {
  if (plan_) return;
  plan_ = pipeline_.policy.plan(scope_.context);
  for (std::size_t i = 0; i < pipeline_.detectors.size(); ++i) {
    const Detector& detector = pipeline_.detectors[i];
    if (!detector.decides_on(policy::Direction::kOutput)) continue;
    lanes_.push_back({&detector, detector.filter->open(scope_), &decision_.scanned[i]});
  }
}

Release OutputStream::push(std::string_view delta) {
  Release release;
  open_lanes();
  if (!ended_) {
    mended_.clear();
    mender_.push(delta, mended_);
    take(release.text);
    sent_ += release.text;
  }
  release.ended = ended_;
  return release;
}

Release OutputStream::finish() {
  Release release;
  open_lanes();
  if (!ended_) {
    mended_.clear();
    mender_.finish(mended_);
    segmenter_.finish();
    take(release.text);
  }
  if (!ended_) {
    views_.finish();
    settle(release.text);
  }
  if (!ended_) {
    sent_ += release.text;
    // The client sends it back as history: it has been judged here.
    remember(*conversation_, pipeline_.policy, {scope_.role, sent_}, decision_.action);
    ended_ = true;
  }
  release.ended = true;
  return release;
}

/// A scan of the whole text finds what a stream of it finds. Where it finds nothing, there is nothing to stream for.
Release OutputStream::take_whole(std::string_view text) {
  STEWARD_CHECK(!plan_ && !ended_);
  Release release;
  std::string mended = mend_utf8(text);
  if (!is_clean(mended)) {
    decision_.scanned = begin_records(pipeline_, policy::Direction::kOutput);
    release = push(mended);
    if (!release.ended) release.text += finish().text;
  } else {
    remember(*conversation_, pipeline_.policy, {scope_.role, mended}, decision_.action);
    if (shadow_due_) clean_ = mended;
    release.text = std::move(mended);
    ended_ = true;
  }
  release.ended = true;
  return release;
}

/// A scan finds what a stream finds, and nobody waits for it here.
void OutputStream::run_shadow() {
  if (!std::exchange(shadow_due_, false)) return;
  scan_in_shadow(pipeline_, clean_.empty() ? views_.raw() : std::string_view(clean_), scope_, decision_);
}

/// Does no filter find anything in it, or fail at it?
bool OutputStream::is_clean(const std::string& text) {
  const text::Views views(text);
  LapTimer timer(shortest_deadline_);
  std::vector<Finding> found;
  for (std::size_t i = 0; i < pipeline_.detectors.size(); ++i) {
    const Detector& detector = pipeline_.detectors[i];
    if (!detector.decides_on(policy::Direction::kOutput)) continue;
    if (!scan_text(detector, views, scope_, timer, decision_.scanned[i], found) || !found.empty()) return false;
  }
  return true;
}

void OutputStream::take(std::string& out) {
  segmenter_.push(mended_);
  while (!ended_) {
    const auto segment = segmenter_.next();
    if (!segment) break;
    views_.append(*segment);
    decision_.held_bytes_max = std::max(decision_.held_bytes_max, views_.raw().size() - released_);
    settle(out);
  }
}

void OutputStream::settle(std::string& out) {
  fresh_.clear();
  LapTimer timer(shortest_deadline_);
  for (Lane& lane : lanes_)
    if (lane.working) advance(lane, timer);
  const bool found = !fresh_.empty();
  for (Finding& finding : fresh_) take_finding(std::move(finding));
  if (!ended_ && ending_ != SIZE_MAX) {
    release_to(std::min(ending_, release_limit()), out);
    ended_ = true;
  }
  if (!ended_) release_within_bounds(out);
  measure_lag();
  if (found || ended_) conclude(pipeline_, scope_.context, decision_);
}

void OutputStream::advance(Lane& lane, LapTimer& timer) {
  const std::size_t first = fresh_.size();
  auto watermark = lane.stream->advance(views_, fresh_);
  const Lap lap = timer.lap(lane.detector->spec->deadline);
  lane.record->time_ns += lap.time_ns;
  lane.record->bytes = views_.raw().size();
  Result<void> result;
  if (!watermark) {
    result = fail(std::move(watermark).error());
  } else if (lap.overrun) {
    result = fail(ErrorCode::kDeadlineExceeded, std::string(kOverDeadline));
  } else {
    result = check_answer(lane, *watermark, first);
  }
  if (result) {
    lane.watermark = *watermark;
  } else {
    fresh_.erase(fresh_.begin() + static_cast<std::ptrdiff_t>(first), fresh_.end());
    give_up(lane, result.error());
  }
}

Result<void> OutputStream::check_answer(const Lane& lane, std::size_t watermark, std::size_t first) {
  TRY(check_findings(*lane.detector, views_.raw(), first, fresh_));
  const auto is_promised_clean = [&](const Finding& finding) { return !finding.span.empty() && finding.span.begin < lane.watermark; };
  if (lane.detector->holds() && std::any_of(fresh_.begin() + static_cast<std::ptrdiff_t>(first), fresh_.end(), is_promised_clean))
    return fail(ErrorCode::kInternal, "it reported a span below its watermark");
  if (watermark < lane.watermark || watermark > views_.raw().size())
    return fail(ErrorCode::kInternal, "its watermark fell, or went beyond the text");
  if (views_.finished() && watermark != views_.raw().size())
    return fail(ErrorCode::kInternal, "its watermark is not the end of a finished text");
  return {};
}

void OutputStream::take_finding(Finding finding) {
  finding.late = !finding.span.empty() && finding.span.begin < released_;
  RuledFinding ruled = rule(std::move(finding), policy::Direction::kOutput, *plan_, pipeline_.policy);
  if (ends_turn(ruled.ruling.action)) ending_ = std::min(ending_, std::max(ruled.finding.span.begin, released_));
  if (auto edit = edit_of(ruled)) {
    if (notation_ == Notation::kJson) edit->replacement = escape_json(edit->replacement);
    edits_.add(*std::move(edit));
  }
  decision_.findings.push_back(std::move(ruled));
}

std::size_t OutputStream::release_limit() const {
  std::size_t limit = views_.raw().size();
  for (const Lane& lane : lanes_)
    if (lane.holds()) limit = std::min(limit, lane.watermark);
  return limit;
}

void OutputStream::release_to(std::size_t limit, std::string& out) {
  limit = edits_.clamp(limit);
  if (limit <= released_) return;
  edits_.apply(views_.raw(), {released_, limit}, out);
  edits_.forget_before(limit);
  released_ = limit;
}

void OutputStream::release_within_bounds(std::string& out) {
  while (!ended_) {
    release_to(release_limit(), out);
    if (views_.raw().size() - released_ <= kHeldBytesMax) return;
    Lane* slowest = nullptr;
    for (Lane& lane : lanes_)
      if (lane.holds() && (!slowest || lane.watermark < slowest->watermark)) slowest = &lane;
    STEWARD_CHECK(slowest != nullptr);  // without one, everything is released
    give_up(*slowest, {ErrorCode::kTooLarge, "it held back more of the reply than may be held", ""});
  }
}

void OutputStream::give_up(Lane& lane, const Error& error) {
  lane.working = false;
  if (note_failure(*lane.detector, error, *lane.record)) return;
  decision_.failed_closed = true;
  ended_ = true;
}

void OutputStream::measure_lag() {
  for (Lane& lane : lanes_)
    if (lane.working && !lane.detector->holds() && released_ > lane.watermark)
      lane.record->lag_bytes_max = std::max(lane.record->lag_bytes_max, released_ - lane.watermark);
}

}  // namespace

std::unique_ptr<OutputGuard> open_output_stream(const Pipeline& pipeline, std::shared_ptr<const void> keep_alive, const Turn& turn) {
  return std::make_unique<OutputStream>(pipeline, std::move(keep_alive), turn);
}

}  // namespace steward::guard
