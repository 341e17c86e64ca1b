#include "steward/guard/conformance.h"

#include <algorithm>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "steward/core/random.h"
#include "steward/guard/detector.h"
#include "steward/guard/rewrite.h"
#include "steward/guard/segment.h"
#include "steward/guard/turn_language.h"
#include "steward/guard/verdict.h"

namespace steward::guard {
namespace {

struct Run {
  std::string released;
  std::string at_end;  ///< the decision without identifiers and times, as JSON
  Decision decision;
};

std::string fingerprint(Decision decision) {
  decision.id.clear();
  for (ScanRecord& record : decision.scanned) record.time_ns = 0;
  json::Object object = to_json(decision);
  object["reply"] = decision.reply;
  return json::dump_canonical(object);
}

bool ran_over_deadline(const ScanRecord& record) { return record.skipped.ends_with(kOverDeadline); }

/// Feeds `text` in the pieces that end at `borders` (ascending, the last is the end). A border may stand twice: an
/// empty delta.
Run stream_once(const Guard& guard, const Turn& turn, std::string_view text, const std::vector<std::size_t>& borders) {
  const auto output = guard.open_output(turn);
  Run run;
  std::size_t at = 0;
  for (const std::size_t border : borders) {
    const Release release = output->push(text.substr(at, border - at));
    run.released += release.text;
    at = border;
    if (release.ended) break;  // as a caller that stops the model would
  }
  run.released += output->finish().text;
  run.decision = output->decision();
  run.at_end = fingerprint(run.decision);
  return run;
}

/// Again while a filter ran over its deadline, which says something of a busy machine and nothing of the guard; five times at most.
Run stream(const Guard& guard, const Turn& turn, std::string_view text, const std::vector<std::size_t>& borders) {
  for (int tries = 1;; ++tries) {
    Run run = stream_once(guard, turn, text, borders);
    const auto& scanned = run.decision.scanned;
    if (tries == 5 || std::none_of(scanned.begin(), scanned.end(), ran_over_deadline)) return run;
  }
}

/// The same by take_whole: "" if it gives what the stream gave, or a filter failed in one of them and makes no statement. How much was
/// held, or ran ahead of an advisory filter, says nothing about a whole text.
std::string check_whole(const Guard& guard, const Turn& turn, std::string_view text, Run streamed) {
  const auto output = guard.open_output(turn);
  const std::string released = output->take_whole(text).text;
  for (std::size_t i = 0; i < streamed.decision.scanned.size(); ++i)
    if (streamed.decision.scanned[i].skipped != output->decision().scanned[i].skipped) return {};
  if (released != streamed.released)
    return fmt::format("as a whole, {} bytes are released, {} as a stream", released.size(), streamed.released.size());
  Decision decision = output->decision();
  for (Decision* one : {&decision, &streamed.decision}) {
    one->held_bytes_max = 0;
    for (ScanRecord& record : one->scanned) record.lag_bytes_max = 0;
  }
  const std::string is = fingerprint(decision), was = fingerprint(streamed.decision);
  return is == was ? "" : fmt::format("as a whole, another decision:\n{}\nas a stream:\n{}", is, was);
}

std::vector<std::size_t> random_borders(std::size_t size, Random& random) {
  const std::size_t piece_max = std::size_t{1} << random.below(8);
  std::vector<std::size_t> borders;
  for (std::size_t at = 0; at < size;) {
    at = std::min(size, at + random.below(piece_max + 1));
    borders.push_back(at);
  }
  return borders;
}

std::string rewritten(std::string_view text, const std::vector<RuledFinding>& findings, std::size_t limit) {
  Edits edits;
  for (const RuledFinding& ruled : findings)
    if (auto edit = edit_of(ruled)) edits.add(*std::move(edit));
  std::string out;
  edits.apply(text, {0, edits.clamp(limit)}, out);
  return out;
}

std::set<std::string> advisory_filters(const policy::Policy& policy) {
  std::set<std::string> names;
  for (const policy::FilterSpec& spec : policy.filters())
    if (spec.stream_mode == policy::StreamMode::kAdvisory) names.insert(spec.name);
  return names;
}

std::size_t earliest_ending(const std::vector<RuledFinding>& findings, const std::set<std::string>& except, std::size_t size) {
  std::size_t begin = size;
  for (const RuledFinding& ruled : findings)
    if (ends_turn(ruled.ruling.action) && !except.contains(ruled.finding.filter)) begin = std::min(begin, ruled.finding.span.begin);
  return begin;
}

std::multiset<std::string> keys(const std::vector<RuledFinding>& findings) {
  std::multiset<std::string> out;
  for (const RuledFinding& ruled : findings) {
    const Finding& finding = ruled.finding;
    out.insert(fmt::format("{}-{} {}.{} severity {} score {} by {} ({}) {}", finding.span.begin, finding.span.end, finding.category,
                           finding.subtype, finding.severity, finding.score, finding.filter, finding.evidence,
                           policy::to_string(ruled.ruling.action)));
  }
  return out;
}

/// "" if `found` has exactly the findings of `expected`, or with `part` on only some of them.
std::string difference(const std::multiset<std::string>& found, const std::multiset<std::string>& expected, bool part) {
  for (const std::string& key : found)
    if (found.count(key) > expected.count(key)) return "the stream found, but the whole scan did not: " + key;
  if (part) return {};
  for (const std::string& key : expected)
    if (expected.count(key) > found.count(key)) return "the whole scan found, but the stream did not: " + key;
  return {};
}

std::string check_released(const Guard& guard, const Run& run, std::string_view text) {
  const auto advisory = advisory_filters(guard.policy());
  const auto& findings = run.decision.findings;
  const std::size_t limit = earliest_ending(findings, advisory, text.size());
  const std::string expected = rewritten(text, findings, limit);
  const bool ended = ends_turn(run.decision.action);
  if (ended ? !expected.starts_with(run.released) : run.released != expected)
    return fmt::format("the released text ({} bytes) is not the rewritten text up to the earliest blocking span ({} bytes)",
                       run.released.size(), expected.size());
  return {};
}

std::string check_against_scan(const Guard& guard, const policy::Context& context, const Run& run, std::string_view text) {
  const Decision whole = guard.check_text(context, policy::Direction::kOutput, text);
  for (std::size_t i = 0; i < whole.scanned.size(); ++i)  // a filter that failed in one of them makes no statement
    if (run.decision.scanned[i].skipped != whole.scanned[i].skipped) return {};
  const bool ended = ends_turn(run.decision.action);
  if (ended != ends_turn(whole.action)) return "the stream and the whole scan disagree about whether the text may be sent";
  if (std::string problem = difference(keys(run.decision.findings), keys(whole.findings), ended); !problem.empty()) return problem;
  const std::string allowed = rewritten(text, whole.findings, earliest_ending(whole.findings, {}, text.size()));
  if (!allowed.starts_with(run.released)) return "the stream sent bytes of a span that the whole scan blocks or rewrites";
  return {};
}

}  // namespace

std::string check_stream_invariance(const Guard& guard, const Turn& turn, std::string text, int cuts, std::uint64_t seed) {
  const std::string mended = mend_utf8(text);
  Turn same = turn;  // check_text has no conversation: give both the same language
  same.context.language = known_language(turn.context, *turn.conversation);
  if (same.context.language == "und") same.context.language = language_of(mended);

  const Run whole = stream(guard, same, text, {text.size()});
  if (std::string problem = check_released(guard, whole, mended); !problem.empty()) return problem;
  if (advisory_filters(guard.policy()).empty() && same.conversation->vault().size() == 0)
    if (std::string problem = check_against_scan(guard, same.context, whole, mended); !problem.empty()) return problem;

  if (std::string problem = check_whole(guard, same, text, whole); !problem.empty()) return problem;

  Random random(seed);
  for (int cut = -1; cut < cuts; ++cut) {
    std::vector<std::size_t> borders;
    if (cut < 0)
      for (std::size_t at = 1; at <= text.size(); ++at) borders.push_back(at);
    else
      borders = random_borders(text.size(), random);
    const Run run = stream(guard, same, text, borders);
    const std::string which = cut < 0 ? "byte by byte" : fmt::format("cut {} of seed {}", cut, seed);
    if (run.released != whole.released)
      return fmt::format("{}: {} bytes released, {} when whole", which, run.released.size(), whole.released.size());
    if (run.at_end != whole.at_end) return fmt::format("{}: another decision:\n{}\nwhen whole:\n{}", which, run.at_end, whole.at_end);
  }
  return {};
}

}  // namespace steward::guard
