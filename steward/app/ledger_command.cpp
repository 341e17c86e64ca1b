#include <algorithm>
#include <sstream>
#include <tuple>

#include <fmt/format.h>

#include "steward/app/command.h"
#include "steward/app/shadow_report.h"
#include "steward/app/storage.h"
#include "steward/core/files.h"
#include "steward/core/ids.h"
#include "steward/gateway/identity.h"
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
  if (!state) state = event.meta.if_contains("run");
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

Result<int> shadow_report(const CommandLine& line, Query query) {
  const auto ledger = TRY(open_for_reading(line));
  query.kind = "decision";
  query.limit = 4096;
  ShadowReport report;
  for (;;) {
    const auto events = TRY(ledger->read(query));
    if (events.empty()) break;
    for (const StoredEvent& stored : events) report.add(stored);
    query.after_sequence = events.back().sequence;
  }
  fmt::print("{}", report.text());
  return static_cast<int>(kExitOk);
}

/// Whom or what the operator means.
struct Whose {
  std::string user, tenant = "local", subject, conversation, turn, reason = "requested";
};

/// The ledger, open for writing, and whose texts are meant, as it names them.
struct Meant {
  std::unique_ptr<Ledger> ledger;
  std::string subject, conversation;
};

Result<std::unique_ptr<Ledger>> open_for_writing(const Product& product, const Key& master) {
  auto ledger = open_ledger(product, master);
  if (!ledger && ledger.error().code == ErrorCode::kUnavailable)
    return fail(ErrorCode::kUnavailable, ledger.error().message + ", or ask the server: POST /v1/erasures {\"user\": …}");
  return ledger;
}

/// Subject and conversation as the ledger names them.
Result<std::pair<std::string, std::string>> find_whose(const Whose& whose, const Key& master, const Ledger& ledger) {
  if (!whose.user.empty()) return std::pair(gateway::end_user_pseudonym(pseudonym_key(master), whose.tenant, whose.user), std::string());
  if (!whose.turn.empty()) {
    Query query;
    query.turn = whose.turn;
    query.limit = 1;
    const auto events = TRY(ledger.read(query));
    if (events.empty()) return fail(ErrorCode::kNotFound, "there is no turn with this id; `steward ledger list` shows them");
    return std::pair(std::string(), events.front().event.conversation);
  }
  if (whose.subject.empty() == whose.conversation.empty())
    return fail(ErrorCode::kInvalidInput, "say whose texts: --user, --turn (its conversation), --subject or --conversation");
  return std::pair(whose.subject, whose.conversation);
}

Result<Meant> open_and_find(const CommandLine& line, const Whose& whose) {
  const Product product = TRY(load_product(line.product_dir));
  const Key master = TRY(open_master_key(product));
  Meant meant;
  meant.ledger = TRY(open_for_writing(product, master));
  std::tie(meant.subject, meant.conversation) = TRY(find_whose(whose, master, *meant.ledger));
  return meant;
}

Result<int> erase(const CommandLine& line, const Whose& whose) {
  static const SystemClock clock;
  const Meant meant = TRY(open_and_find(line, whose));
  ledger::Erasure erasure;
  erasure.subject = meant.subject;
  erasure.conversation = meant.conversation;
  erasure.reason = whose.reason;
  erasure.id = make_uuid7(clock);
  erasure.time_us = clock.now_us();
  const auto report = TRY(meant.ledger->erase(erasure));
  fmt::print("erased: {} texts, {} keys destroyed; event {}\n", report.events, report.keys, erasure.id);
  return static_cast<int>(kExitOk);
}

Result<int> hold(const CommandLine& line, const Whose& whose, std::string_view kind) {
  static const SystemClock clock;
  const Meant meant = TRY(open_and_find(line, whose));
  ledger::Event event;
  event.subject = meant.subject;
  event.conversation = meant.conversation;
  event.id = make_uuid7(clock);
  event.time_us = clock.now_us();
  event.kind = kind;
  event.meta = {{"reason", whose.reason}};
  TRY(meant.ledger->append_sync({event}));
  fmt::print("{}: event {}\n", kind == ledger::kHoldKind ? "held" : "released", event.id);
  return static_cast<int>(kExitOk);
}

/// What a witness outside of this machine keeps: it shows later that the chain up to here was not rewritten.
Result<int> checkpoint(const CommandLine& line) {
  const auto ledger = TRY(open_for_reading(line));
  Query query;
  query.newest_first = true;
  query.limit = 1;
  const auto newest = TRY(ledger->read(query));
  if (newest.empty()) return fail(ErrorCode::kNotFound, "the ledger is empty: there is nothing to witness yet");
  fmt::print("{}\n", json::dump(json::Object{
                         {"sequence", newest[0].sequence}, {"hash", newest[0].hash}, {"time", format_utc(newest[0].event.time_us)}}));
  return static_cast<int>(kExitOk);
}

/// Lines as `checkpoint` printed them. Errors: kInvalidInput with the line.
Result<std::vector<std::pair<std::int64_t, std::string>>> read_checkpoints(const std::string& path) {
  std::vector<std::pair<std::int64_t, std::string>> out;
  std::istringstream lines(TRY(read_file(path)));
  int number = 0;
  for (std::string text; std::getline(lines, text);) {
    ++number;
    if (text.empty()) continue;
    const auto value = json::parse(text);
    const auto* object = value ? value->if_object() : nullptr;
    const auto sequence = object ? json::get_integer(*object, "sequence").value_or(std::nullopt) : std::nullopt;
    const auto hash = object ? json::get_string(*object, "hash").value_or(std::nullopt) : std::nullopt;
    if (!sequence || !hash)
      return fail(ErrorCode::kInvalidInput, fmt::format("{}:{}: no line of `steward ledger checkpoint`", path, number));
    out.emplace_back(*sequence, *hash);
  }
  return out;
}

Result<int> verify_witnessed(const CommandLine& line, const std::string& checkpoints) {
  const auto ledger = TRY(open_for_reading(line));
  for (const auto& [sequence, hash] : TRY(read_checkpoints(checkpoints))) {
    Query query;
    query.after_sequence = sequence - 1;
    query.limit = 1;
    const auto event = TRY(ledger->read(query));
    if (event.empty() || event[0].sequence != sequence || event[0].hash != hash) {
      fmt::print("broken: event {} is not the one that was witnessed: the chain was rewritten\n", sequence);
      return static_cast<int>(kExitNo);
    }
  }
  return verify(line);
}

int exit_of(const Result<int>& result) { return result ? *result : report(result.error()); }

struct Options {
  Query query;
  std::string id;
  std::string checkpoints;
  Whose whose;
  bool text = false;
  ledger::WithText with_text() const { return text ? ledger::WithText::kYes : ledger::WithText::kNo; }
};

void add_filters(CLI::App& command, Options& options) {
  command.add_option("--kind", options.query.kind, "Only events of this kind (decision, turn_closed, …)");
  command.add_option("--turn", options.query.turn, "Only events of this turn");
  command.add_option("--conversation", options.query.conversation, "Only events of this conversation");
}

void add_whose(CLI::App& command, Whose& whose) {
  command.add_option("--user", whose.user, "End user, as requests name them (safety_identifier or user)");
  command.add_option("--tenant", whose.tenant, "Tenant of the end user")->capture_default_str();
  command.add_option("--turn", whose.turn, "The conversation of this turn");
  command.add_option("--subject", whose.subject, "Pseudonym of an end user, as events show it");
  command.add_option("--conversation", whose.conversation, "Pseudonym of a conversation, as events show it");
  command.add_option("--reason", whose.reason, "For the record; no personal data")->capture_default_str();
}

}  // namespace

void add_ledger_command(CLI::App& app, CommandLine& line) {
  auto* group =
      app.add_subcommand("ledger", "What happened: verify | list | show | export | checkpoint | shadow-report | erase | hold | release");
  group->require_subcommand(1);
  auto options = std::make_shared<Options>();

  auto* verify_command = group->add_subcommand("verify", "Walk the hash chain; exit 1 if it is broken");
  add_product_option(*verify_command, line);
  verify_command->add_option("--checkpoints", options->checkpoints, "File of lines that `checkpoint` printed: the chain must hold them")
      ->check(CLI::ExistingFile);
  verify_command->callback([&line, options] {
    line.exit_code = exit_of(options->checkpoints.empty() ? verify(line) : verify_witnessed(line, options->checkpoints));
  });

  auto* checkpoint_command =
      group->add_subcommand("checkpoint", "The chain's head as a JSON line, to be kept by a witness outside of this machine");
  add_product_option(*checkpoint_command, line);
  checkpoint_command->callback([&line] { line.exit_code = exit_of(checkpoint(line)); });

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

  auto* shadow_command =
      group->add_subcommand("shadow-report", "What filters in shadow would have changed, in turns by filter and category");
  add_product_option(*shadow_command, line);
  shadow_command->add_option("--after", options->query.after_sequence, "Start behind this sequence number");
  shadow_command->callback([&line, options] { line.exit_code = exit_of(shadow_report(line, options->query)); });

  auto* erase_command =
      group->add_subcommand("erase", "Destroy the keys of texts: nobody can read them again, and the chain still verifies");
  add_product_option(*erase_command, line);
  add_whose(*erase_command, options->whose);
  erase_command->callback([&line, options] { line.exit_code = exit_of(erase(line, options->whose)); });
  for (const auto& [name, kind, help] :
       {std::tuple{"hold", ledger::kHoldKind, "Keep texts from erasure and retention (an appeal, a legal claim)"},
        std::tuple{"release", ledger::kHoldReleasedKind, "End a hold"}}) {
    auto* command = group->add_subcommand(name, help);
    add_product_option(*command, line);
    add_whose(*command, options->whose);
    command->callback([&line, options, kind] { line.exit_code = exit_of(hold(line, options->whose, kind)); });
  }
}

}  // namespace steward::app
