#include "steward/ledger/spool.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "steward/core/files.h"

namespace steward::ledger {
namespace {

namespace fs = std::filesystem;

/// What is taken from a folder must not erase, hold or answer for a turn.
constexpr std::string_view kKinds = "training_";

bool may_pass(const Event& event) {
  return event.kind.starts_with(kKinds) && event.turn.empty() && event.subject.empty() && event.conversation.empty() && !event.text;
}

json::Object to_object(const Event& event) {
  return {{"id", event.id}, {"time_us", event.time_us}, {"kind", event.kind}, {"schema", event.schema}, {"meta", event.meta}};
}

Result<Event> to_event(const json::Value& value) {
  const auto broken = [] { return fail(ErrorCode::kInvalidInput, "it holds no events of training runs"); };
  if (!value.is_object()) return broken();
  const json::Object& object = value.get_object();
  const auto id = TRY(json::get_string(object, "id")), kind = TRY(json::get_string(object, "kind"));
  const auto time_us = TRY(json::get_integer(object, "time_us")), schema = TRY(json::get_integer(object, "schema"));
  const json::Object* meta = TRY(json::get_object(object, "meta"));
  if (!id || id->empty() || !kind || !time_us || !schema || !meta) return broken();
  Event event;
  event.id = *id;
  event.time_us = *time_us;
  event.kind = *kind;
  event.schema = static_cast<int>(*schema);
  event.meta = *meta;
  if (!may_pass(event)) return broken();
  return event;
}

Result<std::vector<Event>> read_events(const std::string& path) {
  const std::string text = TRY(read_file(path));
  const json::Value root = TRY(json::parse(text));
  if (!root.is_array()) return fail(ErrorCode::kInvalidInput, "it is no list of events");
  std::vector<Event> out;
  for (const json::Value& value : root.get_array()) out.push_back(TRY(to_event(value)));
  return out;
}

Result<std::size_t> append_new(std::vector<Event> events, Ledger& ledger) {
  std::vector<Event> missing;
  for (Event& event : events) {
    Query query;
    query.id = event.id;
    query.limit = 1;
    if (TRY(ledger.read(query)).empty()) missing.push_back(std::move(event));
  }
  const std::size_t count = missing.size();
  if (count > 0) TRY(ledger.append_sync(std::move(missing)));
  return count;
}

}  // namespace

Result<void> Spool::put(const std::vector<Event>& events) const {
  if (events.empty()) return {};
  json::Array out;
  for (const Event& event : events) {
    if (!may_pass(event)) return fail(ErrorCode::kInvalidInput, fmt::format("an event '{}' cannot wait in a spool", event.kind));
    out.emplace_back(to_object(event));
  }
  std::error_code error;
  if (fs::create_directories(folder_, error)) fs::permissions(folder_, fs::perms::owner_all, error);
  if (error) return fail(ErrorCode::kInternal, fmt::format("cannot make {}: {}", folder_, error.message()));
  return write_file_atomic(fmt::format("{}/{:016}-{}.json", folder_, events.front().time_us, events.front().id), json::dump_canonical(out),
                           0600);
}

Result<Spool::Taken> Spool::take_up(Ledger& ledger) const {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error))
    if (entry.path().extension() == ".json") files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());  // by time
  Taken taken;
  for (const std::string& file : files) {
    auto events = read_events(file);
    if (!events) {
      taken.refused.push_back(fmt::format("{} is not taken up: {}", file, events.error().message));
      fs::rename(file, file + ".bad", error);
      continue;
    }
    taken.events += TRY(append_new(std::move(*events), ledger));
    fs::remove(file, error);
  }
  return taken;
}

}  // namespace steward::ledger
