#include <algorithm>

#include <fmt/format.h>

#include "steward/app/command.h"
#include "steward/app/storage.h"
#include "steward/ledger/export.h"

namespace steward::app {
namespace {

using ledger::Ledger;
using ledger::Query;
using ledger::StoredEvent;

Result<std::unique_ptr<Ledger>> open_for_reading(const CommandLine& line) {
  const Product product = TRY(load_product(line.product_dir));
  return open_ledger_read_only(product);
}

Result<int> verify(const CommandLine& line) {
  const auto ledger = TRY(open_for_reading(line));
  const auto report = TRY(ledger->verify());
  const Style style = terminal_style();
  if (!report.ok) {
    fmt::print("{}broken{} at event {}: {}\n", style.red, style.reset, report.first_bad_sequence, report.problem);
    return static_cast<int>(kExitNo);
  }
  fmt::print("{}ok{} {} events, head {}\n", style.green, style.reset, report.events, report.head.empty() ? "-" : report.head);
  return static_cast<int>(kExitOk);
}

void print_row(const StoredEvent& stored) {
  const auto& event = stored.event;
  const auto* state = event.meta.if_contains("state");
  if (!state) state = event.meta.if_contains("action");
  fmt::print("{:>7}  {}  {:<14} {:<38} {}\n", stored.sequence, format_utc(event.time_us).substr(0, 19), event.kind, event.turn,
             state && state->is_string() ? std::string(state->get_string()) : "");
}

Result<int> list(const CommandLine& line, const Query& query) {
  const auto ledger = TRY(open_for_reading(line));
  auto events = TRY(ledger->read(query));
  if (query.newest_first) std::reverse(events.begin(), events.end());
  for (const StoredEvent& stored : events) print_row(stored);
  return static_cast<int>(kExitOk);
}

Result<int> show(const CommandLine& line, const std::string& id, ledger::WithText with_text) {
  const auto ledger = TRY(open_for_reading(line));
  Query query;
  query.turn = id;
  auto events = TRY(ledger->read(query));
  if (events.empty()) {
    query.turn.clear();
    query.id = id;
    events = TRY(ledger->read(query));
  }
  if (events.empty()) return fail(ErrorCode::kNotFound, "no event and no turn has this id; `steward ledger list` shows them");
  for (const StoredEvent& stored : events) fmt::print("{}\n", json::dump(ledger::to_json(stored, with_text)));
  return static_cast<int>(kExitOk);
}

Result<int> export_all(const CommandLine& line, Query query, ledger::WithText with_text) {
  const auto ledger = TRY(open_for_reading(line));
  query.limit = 4096;
  for (;;) {
    const auto events = TRY(ledger->read(query));
    if (events.empty()) return static_cast<int>(kExitOk);
    for (const StoredEvent& stored : events) fmt::print("{}\n", json::dump(ledger::to_json(stored, with_text)));
    query.after_sequence = events.back().sequence;
  }
}

int exit_of(const Result<int>& result) { return result ? *result : report(result.error()); }

struct Options {
  Query query;
  std::string id;
  bool text = false;
  ledger::WithText with_text() const { return text ? ledger::WithText::kYes : ledger::WithText::kNo; }
};

void add_filters(CLI::App& command, Options& options) {
  command.add_option("--kind", options.query.kind, "Only events of this kind (decision, turn_closed, …)");
  command.add_option("--turn", options.query.turn, "Only events of this turn");
  command.add_option("--conversation", options.query.conversation, "Only events of this conversation");
}

}  // namespace

void add_ledger_command(CLI::App& app, CommandLine& line) {
  auto* group = app.add_subcommand("ledger", "Read and verify what happened: verify | list | show | export");
  group->require_subcommand(1);
  auto options = std::make_shared<Options>();

  auto* verify_command = group->add_subcommand("verify", "Walk the hash chain; exit 1 if it is broken");
  add_product_option(*verify_command, line);
  verify_command->callback([&line] { line.exit_code = exit_of(verify(line)); });

  auto* list_command = group->add_subcommand("list", "One line an event, the newest last");
  add_product_option(*list_command, line);
  add_filters(*list_command, *options);
  list_command->add_option("--limit", options->query.limit, "How many")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  list_command->callback([&line, options] {
    options->query.newest_first = true;
    line.exit_code = exit_of(list(line, options->query));
  });

  auto* show_command = group->add_subcommand("show", "All events of a turn, or one event, as JSON lines");
  add_product_option(*show_command, line);
  show_command->add_option("ID", options->id, "Turn id (from a reply's `steward.turn`) or event id")->required();
  show_command->add_flag("--text", options->text, "Open the sealed texts too");
  show_command->callback([&line, options] { line.exit_code = exit_of(show(line, options->id, options->with_text())); });

  auto* export_command = group->add_subcommand("export", "Every event as JSON lines, the oldest first");
  add_product_option(*export_command, line);
  add_filters(*export_command, *options);
  export_command->add_option("--after", options->query.after_sequence, "Start behind this sequence number");
  export_command->add_flag("--text", options->text, "Open the sealed texts too");
  export_command->callback([&line, options] { line.exit_code = exit_of(export_all(line, options->query, options->with_text())); });
}

}  // namespace steward::app
