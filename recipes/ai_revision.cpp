// Critique and revision [Bai et al. 2022, arXiv:2212.08073, §3.1]: a model finds fault with its own answer by a principle of the
// constitution and writes it anew, some rounds long. Writes rows for `sft`.
#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "recipes/constitution.h"
#include "recipes/recipe.h"
#include "recipes/sampling.h"
#include "recipes/setup.h"
#include "steward/core/files.h"
#include "steward/core/hash.h"
#include "steward/core/random.h"
#include "steward/runs/report.h"

namespace steward::recipes {
namespace {

using namespace tune;

struct RevisionConfig : CommonConfig {
  SamplingConfig sampling;
  ConstitutionConfig constitution;
  int rounds = 4;
  std::string keep = "all";
};

void declare(runs::Fields& fields, RevisionConfig& config) {
  declare_writer(fields, config);
  declare(fields, config.constitution);
  fields.integer("revision.rounds", config.rounds, {1, 64},
                 "critiques and revisions of an answer, each by a principle that is drawn for it");
  fields.choice("revision.keep", config.keep, {"all", "last"}, "which revisions become rows");
  declare(fields, config.sampling);
}

struct Round {
  std::string principle, critique, revision;
};
struct Revised {
  data::Row row;
  data::Messages prompt;
  std::string answer;
  std::vector<Round> rounds;
  std::string fate;  ///< revised | too long | did not end

  data::Messages chat = {};              ///< that is answered next
  const Principle* principle = nullptr;  ///< of the round

  const std::string& latest() const { return rounds.empty() ? answer : rounds.back().revision; }
};

const Principle& draw(const Revised& revised, const std::vector<const Principle*>& principles, const RevisionConfig& config) {
  Random random(static_cast<std::uint64_t>(config.run.seed) ^ hash64(data::prompt_text(revised.row)) ^
                hash64(fmt::format("{}:{}:{}", revised.row.file, revised.row.line, revised.rounds.size())));
  return *principles[random.below(principles.size())];
}

/// Answers the chats of all rows that still go on; take: Revised&, text. Returns those that go on: an answer that does not end stops its
/// row.
template <class Take>
Result<std::vector<Revised*>> step(model::Rollouts& writer, const model::ChatTokenizer& tokenizer, const std::vector<Revised*>& rows,
                                   const ChatSampling& options, const Take& take) {
  std::vector<data::Messages> chats;
  for (const Revised* revised : rows) chats.push_back(revised->chat);
  const auto answers = TRY(answer_chats(writer, tokenizer, chats, options));
  std::vector<Revised*> out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (answers[i].ended && !answers[i].text.empty()) {
      take(*rows[i], answers[i].text);
      out.push_back(rows[i]);
    } else if (rows[i]->rounds.empty() || rows[i]->rounds.front().revision.empty()) {
      rows[i]->fate = answers[i].too_long ? "too long" : "did not end";
    }
  }
  return out;
}

void ask_for_critique(Revised& revised, const Principle& principle) {
  revised.principle = &principle;
  revised.chat = revised.prompt;
  revised.chat.push_back({"assistant", revised.latest(), ""});
  revised.chat.push_back({"user", principle.critique, ""});
  revised.rounds.push_back({principle.id, "", ""});
}

void ask_for_revision(Revised& revised, const std::string& critique) {
  revised.rounds.back().critique = critique;
  revised.chat.push_back({"assistant", critique, ""});
  revised.chat.push_back({"user", revised.principle->revise, ""});
}

Result<void> revise(model::Rollouts& writer, const model::ChatTokenizer& tokenizer, const std::vector<const Principle*>& principles,
                    const RevisionConfig& config, std::span<Revised> stretch, std::size_t number) {
  std::vector<Revised*> rows;
  for (Revised& revised : stretch) {
    revised.fate = "revised";
    revised.chat = revised.prompt;
    rows.push_back(&revised);
  }
  std::size_t drawn = 0;
  const auto next = [&] { return drawing(config, config.sampling, number, drawn++); };
  rows = TRY(step(writer, tokenizer, rows, next(), [](Revised& revised, const std::string& text) { revised.answer = text; }));
  for (int round = 0; round < config.rounds && !rows.empty(); ++round) {
    for (Revised* revised : rows) ask_for_critique(*revised, draw(*revised, principles, config));
    rows = TRY(step(writer, tokenizer, rows, next(), ask_for_revision));
    rows = TRY(
        step(writer, tokenizer, rows, next(), [](Revised& revised, const std::string& text) { revised.rounds.back().revision = text; }));
  }
  for (Revised& revised : stretch)
    if (!revised.rounds.empty() && revised.rounds.back().revision.empty()) revised.rounds.pop_back();
  return {};
}

json::Object record_of(const Revised& revised) {
  json::Array rounds;
  for (const Round& round : revised.rounds)
    rounds.push_back(json::Object{{"principle", round.principle}, {"critique", round.critique}, {"revision", round.revision}});
  return {{"fate", revised.fate}, {"answer", revised.answer}, {"rounds", rounds}};
}

Result<void> read_record(const json::Object& record, Revised& revised) {
  const auto damaged = [] {
    return fail(ErrorCode::kInvalidInput, "samples.jsonl holds a record that is no revision: begin the run anew");
  };
  const auto fate = TRY(json::get_string(record, "fate")), answer = TRY(json::get_string(record, "answer"));
  const json::Array* rounds = TRY(json::get_array(record, "rounds"));
  if (!fate || !answer || !rounds) return damaged();
  revised.fate = *fate;
  revised.answer = *answer;
  for (const json::Value& round : *rounds) {
    if (!round.is_object()) return damaged();
    const json::Object& object = round.as_object();
    const auto principle = TRY(json::get_string(object, "principle")), critique = TRY(json::get_string(object, "critique")),
               revision = TRY(json::get_string(object, "revision"));
    if (!principle || !critique || !revision) return damaged();
    revised.rounds.push_back({*principle, *critique, *revision});
  }
  return {};
}

/// Rows for sft: the prompt as it was asked, with a revision.
std::string rows_of(const Revised& revised, const RevisionConfig& config) {
  std::string out;
  for (std::size_t i = config.keep == "all" || revised.rounds.empty() ? 0 : revised.rounds.size() - 1; i < revised.rounds.size(); ++i) {
    json::Object row = revised.row.extra;
    row["prompt"] = to_json(revised.prompt);
    row["completion"] = to_json({{"assistant", revised.rounds[i].revision, ""}});
    row["principle"] = revised.rounds[i].principle;
    out += json::dump_canonical(row) + "\n";
  }
  return out;
}

std::vector<runs::ReportSample> shown(const std::vector<Revised>& rows, std::int64_t count) {
  std::vector<runs::ReportSample> out;
  for (const Revised& revised : rows) {
    if (static_cast<std::int64_t>(out.size()) >= count) break;
    if (revised.rounds.empty()) continue;
    out.push_back({chat_text(revised.prompt), {{"answer", revised.answer}}});
    for (const Round& round : revised.rounds) {
      out.back().answers.emplace_back("critique, by " + round.principle, round.critique);
      out.back().answers.emplace_back("revision", round.revision);
    }
  }
  return out;
}

Result<std::vector<Revised>> rows_to_revise(const data::RowSet& rows) {
  std::vector<Revised> out;
  for (const auto* side : {&rows.train, &rows.validation, &rows.test})
    for (const data::Row& row : *side) out.push_back({row, as_chat(TRY(data::prompt_of(row))), "", {}, ""});
  return out;
}

}  // namespace

Result<void> ai_revision(const Arguments& arguments) {
  RevisionConfig config;
  runs::Fields fields;
  declare(fields, config);
  if (TRY(load_or_print(fields, arguments))) return {};

  const auto constitution = TRY(load_constitution(config.constitution));
  std::vector<const Principle*> principles;
  for (const Principle& principle : constitution)
    if (!principle.critique.empty()) principles.push_back(&principle);
  if (principles.empty())
    return fail(ErrorCode::kInvalidInput, "no principle says what to criticise and how to revise (`critique`, `revise`)",
                "constitution.file");
  const auto rows = TRY(data::read_test_rows(config.data.files, read_options(config.data, data::RowKind::kPrompt)));
  fmt::print(stderr, "{}\n", data::describe(rows));
  std::vector<Revised> revised = TRY(rows_to_revise(rows));
  const std::string given = TRY(digest_of_files(config.data.files));
  json::Object origin = TRY(origin_of(config, "ai-revision", given));
  const std::string text = print_constitution(constitution);
  origin["constitution"] = hex(sha256(text));

  const runs::RunFolder folder = TRY(open_folder(config, fields, arguments));
  if (arguments.record) TRY(arguments.record->began({folder.path(), fields.print(), origin}));
  TRY(write_file_atomic(folder.path() + "/constitution.yaml", text));
  auto recorded = TRY(runs::Recorded::open(folder.path() + "/samples.jsonl", origin));
  if (!TRY(read_recorded(recorded, revised, read_record))) {
    const auto tokenizer = TRY(open_tokenizer(config));
    model::Rollouts writer = TRY(open_rollouts(config, config.sampling));
    const auto make = [&](std::span<Revised> stretch, std::size_t number) {
      return revise(writer, tokenizer, principles, config, stretch, number);
    };
    TRY(make_recorded(recorded, revised, config.sampling.stretch, make, record_of));
  }

  std::string out;
  std::size_t revisions = 0;
  for (const Revised& one : revised) {
    out += rows_of(one, config);
    revisions += one.rounds.size();
  }
  TRY(write_file_atomic(folder.path() + "/revisions.jsonl", out));
  return finish_writer(folder, fields, {{"rows", describe(fates_of(revised))}, {"revisions", std::to_string(revisions)}}, origin,
                       shown(revised, config.run.report_samples));
}

}  // namespace steward::recipes
