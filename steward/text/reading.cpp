#include "steward/text/reading.h"

#include <optional>
#include <utility>

#include "steward/text/encodings.h"
#include "steward/text/unescape.h"
#include "steward/text/words.h"

namespace steward::text {
namespace {

/// `derived` is of `parent`'s text: the same, as of the parent's origin.
MappedText through(const MappedText& derived, const MappedText& parent) {
  MappedText out;
  for (std::size_t at = 0; at < derived.text().size();) {
    const std::size_t begin = at;
    next_char(derived.text(), at);
    const Span here = derived.source_of(begin, at - begin);
    const Span there = parent.origin(here);
    out.put(std::string_view(derived.text()).substr(begin, at - begin), there.begin, there.end);
  }
  return out;
}

MappedText one_piece(std::string_view text, Span origin) {
  MappedText out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    next_char(text, at);
    out.put(text.substr(begin, at - begin), origin.begin, origin.end);
  }
  return out;
}

MappedText same(std::string_view text) {
  MappedText out;
  out.put_same(text, 0);
  return out;
}

/// Escapes of a growing text undone twice, so that doubly encoded ones are found.
class Unescaping {
 public:
  void advance(std::string_view raw, bool finished) {
    first_.advance(raw, finished);
    second_.advance(first_.out().text(), finished && first_.consumed() == raw.size());
  }
  bool changed() const { return first_.changed() || second_.changed(); }
  std::string_view text() const { return second_.out().text(); }
  Span origin(Span derived) const { return first_.out().origin(second_.out().origin(derived)); }
  std::size_t consumed() const {
    const std::size_t at = second_.consumed();
    return at == first_.out().text().size() ? first_.consumed() : first_.out().origin({at, at}).begin;
  }
  /// Where `at` of text() is in raw; its end is what was consumed.
  std::size_t position(std::size_t at) const { return at < text().size() ? origin({at, at}).begin : consumed(); }
  MappedText mapped() const { return through(second_.out(), first_.out()); }

 private:
  Unescaper first_, second_;
};

/// `text` with its escapes undone, or nullopt if it has none.
std::optional<MappedText> undo_escapes(const MappedText& text) {
  Unescaper once;
  once.advance(text.text(), true);
  if (!once.changed()) return std::nullopt;
  Unescaping twice;
  twice.advance(text.text(), true);
  return through(twice.mapped(), text);
}

/// All readings below one text. Depth first, in order.
class Reader {
 public:
  std::vector<Reading> out;

  /// `text` maps to the original; `how` says how it came about.
  void read_below(const MappedText& text, const std::string& how, int depth) {
    const auto unescaped = undo_escapes(text);
    const MappedText& base = unescaped ? *unescaped : text;
    if (unescaped && how.empty()) out.emplace_back("escapes", base);
    if (unescaped && !how.empty()) add(join(how, "escapes"), base);
    RunReader runs;
    std::vector<DecodedRun> found;
    runs.advance(base.text(), true, found);
    for (const DecodedRun& run : found) read_run(run, base.origin(run.run), how, depth);
    if (!how.empty() && depth < kReadingDepthMax) read_mirrored(text, how);
  }

  void read_run(const DecodedRun& run, Span origin, const std::string& how, int depth) {
    MappedText text = one_piece(run.text, origin);
    const std::string name = join(how, run.encoding);
    if (!add(name, text) || depth >= kReadingDepthMax) return;
    read_below(text, name, depth + 1);
  }

  void read_mirrored(const MappedText& text, const std::string& how) {
    // English words show up then, and hardly did before: it was meant to be read so.
    const FunctionWords words = count_function_words(text.text());
    const auto reads_better = [&](int there) { return words.plain == 0 || (there >= 2 && there > words.plain); };
    if (reads_better(words.rot13)) {
      const std::string turned = rot13(text.text());
      MappedText reading;
      reading.put_like(turned, text, 0);
      if (turned != text.text()) add(join(how, "rot13"), std::move(reading));
    }
    if (reads_better(words.backwards)) add(join(how, "reversed"), through(reversed(text.text()), text));
  }

 private:
  static std::string join(const std::string& how, std::string_view next) {
    return how.empty() ? std::string(next) : how + ">" + std::string(next);
  }

  bool add(std::string how, MappedText text) {
    if (bytes_ + text.text().size() > kReadingBytesMax) return false;
    bytes_ += text.text().size();
    out.emplace_back(std::move(how), std::move(text));
    return true;
  }

  std::size_t bytes_ = 0;
};

}  // namespace

struct Reading::State {
  std::string how;
  MappedText text;
  Views views;
  State(std::string name, MappedText mapped) : how(std::move(name)), text(std::move(mapped)), views(text.text()) {}
};

Reading::Reading(std::string how, MappedText text) : state_(std::make_unique<State>(std::move(how), std::move(text))) {}
Reading::~Reading() = default;
Reading::Reading(Reading&&) noexcept = default;
const std::string& Reading::how() const { return state_->how; }
const Views& Reading::views() const { return state_->views; }
Span Reading::origin(Span derived) const { return state_->text.origin(derived); }

std::vector<Reading> readings_of(std::string_view utf8) {
  Reader reader;
  reader.read_below(same(utf8), "", 1);
  return std::move(reader.out);
}

std::vector<Reading> mirrored_readings_of(std::string_view utf8) {
  Reader reader;
  reader.read_mirrored(same(utf8), "");
  return std::move(reader.out);
}

struct GrowingReadings::State {
  Unescaping unescaping;
  std::unique_ptr<GrowingViews> unescaped;
  RunReader run_reader;
  Reader reader;
  bool finished = false;
};

GrowingReadings::GrowingReadings() : state_(std::make_unique<State>()) {}
GrowingReadings::~GrowingReadings() = default;

void GrowingReadings::advance(std::string_view raw, bool finished) {
  State& state = *state_;
  state.unescaping.advance(raw, finished);
  const std::string_view text = state.unescaping.text();
  std::vector<DecodedRun> found;
  state.run_reader.advance(text, finished, found);
  for (const DecodedRun& run : found) state.reader.read_run(run, state.unescaping.origin(run.run), "", 1);
  if (!state.unescaping.changed()) return;
  if (!state.unescaped) state.unescaped = std::make_unique<GrowingViews>();
  if (state.unescaped->finished()) return;
  if (const std::size_t known = state.unescaped->raw().size(); known < text.size()) state.unescaped->append(text.substr(known));
  if (finished) state.unescaped->finish();
}

const GrowingViews* GrowingReadings::unescaped() const { return state_->unescaped.get(); }
Span GrowingReadings::unescaped_origin(Span derived) const { return state_->unescaping.origin(derived); }
std::size_t GrowingReadings::unescaped_from() const { return state_->unescaping.consumed(); }
const std::vector<Reading>& GrowingReadings::runs() const { return state_->reader.out; }
std::size_t GrowingReadings::runs_from() const { return state_->unescaping.position(state_->run_reader.consumed()); }

}  // namespace steward::text
