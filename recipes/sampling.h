#pragma once

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "recipes/setup.h"
#include "steward/model/llama/rollouts.h"
#include "steward/runs/recorded.h"
#include "steward/runs/report.h"
#include "steward/runs/run_folder.h"
#include "steward/tune/chat_rollouts.h"

/// What recipes share that let the model write before it learns.
namespace steward::recipes {

/// `sampling:` how answers are drawn.
struct SamplingConfig {
  double temperature = 1, top_p = 1;
  int tokens_max = 128;
  int at_once = 8;
  int stretch = 16;
};
void declare(runs::Fields& fields, SamplingConfig& config);

/// The keys of recipes that write rows and train nothing: model.base, data.files, run.folder and a few more.
void declare_writer(runs::Fields& fields, CommonConfig& config);

/// Makes the run's folder, or opens it again with --resume. Errors: of RunFolder.
Result<runs::RunFolder> open_folder(const CommonConfig& config, const runs::Fields& fields, const Arguments& arguments);
/// The leading process does; the others wait for it.
Result<runs::RunFolder> open_folder(const CommonConfig& config, const runs::Fields& fields, const Arguments& arguments,
                                    const tune::World& world);

/// Opens a record and fills it in: the leading process what is missing; then the others, who find nothing missing.
/// fill: runs::Recorded& → Result<void>.
template <class Fill>
Result<void> fill_record(const tune::World& world, const std::string& path, const json::Object& origin, const Fill& fill) {
  if (!world.leads()) world.wait();
  TRY(world.status());
  auto recorded = TRY(runs::Recorded::open(path, origin));
  TRY(fill(recorded));
  if (world.leads()) world.wait();
  return world.status();
}

/// The base with the adapter that training begins from, if there is one, ready to write answers; sequences have room for data.tokens_max.
Result<model::Rollouts> open_rollouts(const CommonConfig& config, const SamplingConfig& sampling);

/// The draws of one stretch of a run: its random numbers are its own.
tune::ChatSampling drawing(const CommonConfig& config, const SamplingConfig& sampling, std::size_t stretch, std::size_t round = 0);
/// The likeliest answer.
tune::ChatSampling greedy(const CommonConfig& config, const SamplingConfig& sampling);

/// The end of a recipe that trained nothing: says the facts, writes the report with them and the origin, and prints the folder.
Result<void> finish_writer(const runs::RunFolder& folder, const runs::Fields& fields,
                           std::vector<std::pair<std::string, std::string>> facts, const json::Object& origin,
                           std::vector<runs::ReportSample> samples);

/// One line on stderr.
void report_made(std::size_t done, std::size_t all);

/// SHA-256 in hex over the bytes of files. Errors: kNotFound.
Result<std::string> digest_of_files(const std::vector<std::string>& paths);

/// Messages of a prompt or a chat; a text is the user's.
data::Messages as_chat(const data::Passage& passage);
/// "user: …" for people.
std::string chat_text(const data::Messages& chat);
json::Array to_json(const data::Messages& chat);
/// Errors: kInvalidInput if it is not what to_json() gave.
Result<data::Messages> chat_of(const json::Array& messages);

/// Fills in the items whose records a run has kept already. read: Object, T& → Result<void>. Returns true if that is all of them.
/// Errors: kInvalidInput if there are more records than items.
template <class T, class Read>
Result<bool> read_recorded(const runs::Recorded& recorded, std::vector<T>& items, const Read& read) {
  if (recorded.records().size() > items.size())
    return fail(ErrorCode::kInvalidInput, "the run has recorded more than there are rows: begin it anew");
  for (std::size_t i = 0; i < recorded.records().size(); ++i) TRY(read(recorded.records()[i], items[i]));
  return recorded.records().size() == items.size();
}

/// Makes and records the other items, a stretch at a time. make: std::span<T>, number of the stretch → Result<void>; record: T → Object.
template <class T, class Make, class Record>
Result<void> make_recorded(runs::Recorded& recorded, std::vector<T>& items, int stretch_rows, const Make& make, const Record& record) {
  while (recorded.records().size() < items.size()) {
    const std::size_t begin = recorded.records().size();
    const std::span<T> stretch = std::span(items).subspan(begin, std::min(static_cast<std::size_t>(stretch_rows), items.size() - begin));
    TRY(make(stretch, recorded.stretches()));
    std::vector<json::Object> records;
    for (const T& item : stretch) records.push_back(record(item));
    TRY(recorded.append(std::move(records)));
    report_made(recorded.records().size(), items.size());
  }
  return {};
}

/// How many items have come to each end, by its name.
using Fates = std::map<std::string, std::size_t>;
template <class T>
Fates fates_of(const std::vector<T>& items) {
  Fates out;
  for (const T& item : items) ++out[item.fate];
  return out;
}
/// "12 kept, 3 too long"
std::string describe(const Fates& fates);

/// "12 of 40 (0.30, 0.17 to 0.47)": a share with its exact 95 % interval.
std::string share_text(std::size_t hits, std::size_t rows);

}  // namespace steward::recipes
