#include "steward/data/data_config.h"

#include <functional>

#include <fmt/format.h>

#include "steward/core/hash.h"

namespace steward::data {
namespace {

template <class T>
using Make = std::function<Result<Made<T>>(const std::vector<Row>&, const std::vector<std::string>&, const model::ChatTokenizer&,
                                           const SampleOptions&)>;

/// How samples come out of rows, as text: part of the digest.
std::string shape_of(const DataConfig& config) {
  return fmt::format("tokens_max {} too_long {} strings {} answers {} roles {}", config.tokens_max, config.too_long, config.strings,
                     config.answers, fmt::join(config.roles, " "));
}

FileFacts facts_of(const RowSet& set, const std::string& license) {
  FileFacts out;
  out.path = set.files.front();
  out.license = license;
  out.digest = set.digest;
  out.rows = set.report.rows;
  out.train = set.train.size();
  out.validation = set.validation.size();
  out.test = set.test.size();
  out.no_consent = set.report.no_consent;
  out.bad = set.report.bad.size();
  return out;
}

/// Adds the samples of one side of a file; a side without rows adds none.
template <class T>
Result<std::string> add_side(const std::vector<Row>& rows, const RowSet& set, const model::ChatTokenizer& tokenizer,
                             const SampleOptions& options, const Make<T>& make, std::vector<T>& out, FileFacts& facts) {
  if (rows.empty()) return std::string();
  Made<T> made = TRY(make(rows, set.files, tokenizer, options));
  facts.dropped += made.report.dropped;
  facts.cut += made.report.cut;
  facts.bad += made.report.bad.size();
  std::string note = describe(made.report, made.samples.size());
  for (T& sample : made.samples) out.push_back(std::move(sample));
  return note;
}

template <class T>
Result<TrainingData<T>> load(const DataConfig& config, RowKind kind, const model::ChatTokenizer& tokenizer, const Make<T>& make) {
  if (config.files.empty()) return fail(ErrorCode::kInvalidInput, "name at least one file of rows (data.files)", "data.files");
  if (!config.ratios.empty() && config.ratios.size() != config.files.size())
    return fail(ErrorCode::kInvalidInput, fmt::format("data.ratios has {} numbers for {} files: write one for each, or none",
                                                      config.ratios.size(), config.files.size()));
  if (!config.licenses.empty() && config.licenses.size() != config.files.size())
    return fail(ErrorCode::kInvalidInput, fmt::format("data.licenses has {} names for {} files: write one for each, or none",
                                                      config.licenses.size(), config.files.size()));
  TrainingData<T> out;
  Sha256 digest;
  digest.update(tokenizer.digest()).update(shape_of(config));
  for (std::size_t i = 0; i < config.files.size(); ++i) {
    const std::size_t before = out.train.size();
    const RowSet set = TRY(read_rows({config.files[i]}, read_options(config, kind)));
    digest.update(set.digest);
    FileFacts facts = facts_of(set, config.licenses.empty() ? "" : config.licenses[i]);
    const std::string trained = TRY(add_side(set.train, set, tokenizer, sample_options(config), make, out.train, facts));
    const std::string validated = TRY(add_side(set.validation, set, tokenizer, sample_options(config), make, out.validation, facts));
    out.files.push_back(std::move(facts));
    if (!config.ratios.empty()) out.mix.push_back({out.train.size() - before, config.ratios[i]});
    out.notes.push_back(fmt::format("{}: {}", config.files[i], describe(set)));
    out.notes.push_back(
        fmt::format("{}: training: {}{}{}", config.files[i], trained, validated.empty() ? "" : "; validation: ", validated));
  }
  out.digest = hex(digest.finish());
  return out;
}

}  // namespace

json::Array to_json(const std::vector<FileFacts>& files) {
  json::Array out;
  for (const FileFacts& file : files)
    out.emplace_back(json::Object{{"path", file.path},
                                  {"license", file.license},
                                  {"rows_sha256", file.digest},
                                  {"rows", file.rows},
                                  {"train", file.train},
                                  {"validation", file.validation},
                                  {"test", file.test},
                                  {"no_consent", file.no_consent},
                                  {"bad", file.bad},
                                  {"dropped", file.dropped},
                                  {"cut", file.cut}});
  return out;
}

void declare(runs::Fields& fields, DataConfig& config) {
  fields.texts("data.files", config.files, "JSONL files of rows, plain or under zstd").required();
  fields.numbers("data.ratios", config.ratios, {0, 1e9}, "how much of each file goes into an epoch, beside the others; empty: all of all");
  fields.texts("data.licenses", config.licenses, "of each file, such as CC-BY-4.0, for cards and the ledger; empty: not named");
  fields.number("data.validation_share", config.validation_share, {0, 0.999}, "share of the rows without `split` that validate");
  fields.integer("data.tokens_max", config.tokens_max, {2, 1 << 20}, "longest sample");
  fields.choice("data.too_long", config.too_long, {"drop", "cut"}, "what becomes of longer ones");
  fields.choice("data.strings", config.strings, {"chat", "text"}, "how prompts and completions that are strings are read");
  fields.choice("data.answers", config.answers, {"every", "last"}, "which answers of a chat are learned");
  fields.texts("data.roles", config.roles, "whose messages are learned");
  fields.boolean("data.skip_bad_rows", config.skip_bad_rows, "go on without rows that are bad");
  fields.integer("batch.rows", config.rows, {1, 65536}, "rows of a batch");
  fields.choice("batch.layout", config.layout, {"padded", "packed"}, "one sample a row, or as many as fit");
  fields.integer("batch.row_tokens", config.row_tokens, {0, 1 << 20}, "length of a packed row; 0: tokens_max");
}

ReadOptions read_options(const DataConfig& config, RowKind kind) { return {kind, config.validation_share, config.skip_bad_rows}; }

SampleOptions sample_options(const DataConfig& config) {
  SampleOptions out;
  out.tokens_max = config.tokens_max;
  out.too_long = config.too_long == "cut" ? TooLong::kCut : TooLong::kDrop;
  out.strings = config.strings == "text" ? Strings::kText : Strings::kChat;
  out.answers = config.answers == "last" ? Answers::kLast : Answers::kEvery;
  out.trained_roles = config.roles;
  out.skip_bad_rows = config.skip_bad_rows;
  return out;
}

BatchOptions batch_options(const DataConfig& config, std::uint64_t seed) {
  return {static_cast<std::size_t>(config.rows), static_cast<std::size_t>(config.row_tokens > 0 ? config.row_tokens : config.tokens_max),
          config.layout == "packed" ? Layout::kPacked : Layout::kPadded, seed};
}

Result<TrainingData<Sample>> load_samples(const DataConfig& config, const model::ChatTokenizer& tokenizer) {
  return load<Sample>(config, RowKind::kChat, tokenizer, make_samples);
}

Result<TrainingData<PairSample>> load_pairs(const DataConfig& config, const model::ChatTokenizer& tokenizer) {
  return load<PairSample>(config, RowKind::kPreference, tokenizer, make_pairs);
}

Result<TrainingData<ThumbSample>> load_thumbs(const DataConfig& config, const model::ChatTokenizer& tokenizer) {
  return load<ThumbSample>(config, RowKind::kThumb, tokenizer, make_thumbs);
}

Result<TrainingData<PromptSample>> load_prompts(const DataConfig& config, const model::ChatTokenizer& tokenizer) {
  return load<PromptSample>(config, RowKind::kPrompt, tokenizer, make_prompt_samples);
}

Result<TrainingData<ClassSample>> load_classes(const DataConfig& config, const model::ChatTokenizer& tokenizer,
                                               std::vector<std::string>& labels) {
  if (labels.empty() && !config.files.empty()) {
    const RowSet all = TRY(read_rows(config.files, read_options(config, RowKind::kClass)));
    labels = label_names(all.train);
  }
  const auto tokenize = [&](std::string_view text) -> Result<std::vector<Token>> {
    std::vector<Token> out = TRY(tokenizer.tokenize(text));
    if (const auto leading = tokenizer.leading()) out.insert(out.begin(), *leading);
    return out;
  };
  auto out =
      TRY(load<ClassSample>(config, RowKind::kClass, tokenizer,
                            [&](const std::vector<Row>& rows, const std::vector<std::string>& files, const model::ChatTokenizer&,
                                const SampleOptions& options) { return make_class_samples(rows, files, tokenize, labels, options); }));
  Sha256 digest;
  for (const std::string& label : labels) digest.update(label).update("\n");
  out.digest = hex(digest.update(out.digest).finish());
  return out;
}

}  // namespace steward::data
