#include "steward/text/view.h"

#include "steward/core/check.h"
#include "steward/text/normalizer.h"
#include "steward/text/reading.h"
#include "steward/text/words.h"

namespace steward::text {

std::string_view to_string(ViewKind kind) {
  switch (kind) {
    case ViewKind::kRaw:
      return "raw";
    case ViewKind::kFolded:
      return "folded";
    case ViewKind::kSkeleton:
      return "skeleton";
    case ViewKind::kDecoded:
      return "decoded";
    case ViewKind::kRepaired:
      return "repaired";
  }
  return "raw";
}

View fold(std::string_view utf8) {
  Folder folder;
  folder.advance(utf8, true);
  View view;
  view.kind_ = ViewKind::kFolded;
  view.mapped_ = folder.take();
  return view;
}

View skeleton(std::string_view utf8) {
  Folder folder;
  folder.advance(utf8, true);
  SkeletonMaker maker;
  maker.advance(folder.out(), true);
  View view;
  view.kind_ = ViewKind::kSkeleton;
  view.mapped_ = maker.take();
  return view;
}

std::string fold_text(std::string_view utf8) { return std::string(fold(utf8).text()); }
std::string skeleton_text(std::string_view utf8) { return std::string(skeleton(utf8).text()); }

std::size_t char_floor(std::string_view utf8, std::size_t n) {
  if (n >= utf8.size()) return utf8.size();
  while (n > 0 && (static_cast<unsigned char>(utf8[n]) & 0xC0) == 0x80) --n;
  return n;
}

struct Views::State {
  std::string_view text;
  std::optional<View> raw, folded, skeleton, repaired;
  std::optional<std::vector<Reading>> readings, mirrored;
};

Views::Views(std::string_view utf8) : state_(std::make_unique<State>()) { state_->text = utf8; }
Views::~Views() = default;
Views::Views(Views&&) noexcept = default;

const View& Views::raw() const {
  if (!state_->raw) {
    state_->raw.emplace();
    state_->raw->mapped_.put_same(state_->text, 0);
  }
  return *state_->raw;
}

const View& Views::folded() const {
  if (!state_->folded) state_->folded = fold(state_->text);
  return *state_->folded;
}

const View& Views::skeleton() const {
  if (!state_->skeleton) {
    SkeletonMaker maker;
    maker.advance(folded().mapped_, true);
    state_->skeleton.emplace();
    state_->skeleton->kind_ = ViewKind::kSkeleton;
    state_->skeleton->mapped_ = maker.take();
  }
  return *state_->skeleton;
}

const View& Views::repaired() const {
  if (!state_->repaired) {
    state_->repaired.emplace();
    state_->repaired->kind_ = ViewKind::kRepaired;
    state_->repaired->mapped_ = repair(folded().mapped_);
  }
  return *state_->repaired;
}

const View& Views::get(ViewKind kind) const {
  switch (kind) {
    case ViewKind::kFolded:
      return folded();
    case ViewKind::kSkeleton:
      return skeleton();
    case ViewKind::kRepaired:
      return repaired();
    default:
      return raw();
  }
}

const std::vector<Reading>& Views::readings() const {
  if (!state_->readings) state_->readings = readings_of(state_->text);
  return *state_->readings;
}

const std::vector<Reading>& Views::mirrored_readings() const {
  if (!state_->mirrored) state_->mirrored = mirrored_readings_of(state_->text);
  return *state_->mirrored;
}

struct GrowingViews::State {
  MappedText raw;
  Folder folder;
  SkeletonMaker skeleton;
  bool finished = false;
  GrowingReadings readings;  // advanced when asked for

  void advance() {
    folder.advance(raw.text(), finished);
    skeleton.advance(folder.out(), finished && folder.consumed() == raw.text().size());
  }
  const MappedText& get(ViewKind kind) const {
    switch (kind) {
      case ViewKind::kFolded:
        return folder.out();
      case ViewKind::kSkeleton:
        return skeleton.out();
      default:
        return raw;
    }
  }
};

GrowingViews::GrowingViews() : state_(std::make_unique<State>()) {}
GrowingViews::~GrowingViews() = default;
GrowingViews::GrowingViews(GrowingViews&&) noexcept = default;

void GrowingViews::append(std::string_view utf8) {
  STEWARD_CHECK(!state_->finished);
  state_->raw.put_same(utf8, state_->raw.text().size());
  state_->advance();
}

void GrowingViews::finish() {
  state_->finished = true;
  state_->advance();
}

bool GrowingViews::finished() const { return state_->finished; }
std::string_view GrowingViews::raw() const { return state_->raw.text(); }
std::string_view GrowingViews::text(ViewKind kind) const { return state_->get(kind).text(); }

std::size_t GrowingViews::covered(ViewKind kind) const {
  switch (kind) {
    case ViewKind::kFolded:
      return state_->folder.consumed();
    case ViewKind::kSkeleton: {
      const std::size_t folded = state_->skeleton.consumed();
      const MappedText& source = state_->folder.out();
      return folded == source.text().size() ? state_->folder.consumed() : source.origin({folded, folded}).begin;
    }
    default:
      return raw().size();
  }
}

const GrowingReadings& GrowingViews::readings() const {
  state_->readings.advance(state_->raw.text(), state_->finished);
  return state_->readings;
}

Span GrowingViews::origin(ViewKind kind, Span derived) const { return state_->get(kind).origin(derived); }

}  // namespace steward::text
