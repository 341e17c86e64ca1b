#include "steward/data/samples.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "steward/data/exchange.h"

namespace steward::data {
namespace {

std::string place_of(const Row& row, const std::vector<std::string>& files) {
  return fmt::format("{}:{}", row.file < files.size() ? files[row.file] : "row", row.line);
}

/// Counts what became of rows, and gathers the bad ones.
class Maker {
 public:
  Maker(const std::vector<Row>& rows, const std::vector<std::string>& files, const SampleOptions& options)
      : rows_(rows), files_(files), options_(options) {}

  /// exchange: Row → Result<Exchange>; keep: takes the samples of a row. Errors name the row.
  template <class ToExchange, class Keep>
  Result<SampleReport> run(const model::ChatTokenizer& tokenizer, const ToExchange& exchange, const Keep& keep) {
    if (options_.tokens_max < 2) return fail(ErrorCode::kInvalidInput, "a sample needs room for at least 2 tokens (tokens_max)");
    const ExchangeWriter writer(tokenizer, options_);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      auto written = writer.write(TRY(exchange(rows_[i])));
      if (!written) return fail(written.error().code, fmt::format("{}: {}", place_of(rows_[i], files_), written.error().message));
      if (!written->bad.empty()) {
        note_bad(i, std::move(written->bad));
        continue;
      }
      report_.dropped += written->fit == Written::Fit::kDropped;
      report_.cut += written->fit == Written::Fit::kCut;
      if (written->fit == Written::Fit::kDropped) continue;
      for (Sample& sample : written->samples) count(i, sample);
      keep(rows_[i], std::move(written->samples));
    }
    return finish();
  }

  void note_bad(std::size_t row, std::string reason) {
    report_.bad.push_back({rows_[row].file < files_.size() ? files_[rows_[row].file] : "row", rows_[row].line, std::move(reason)});
  }
  void count(std::size_t row, Sample& sample) {
    sample.row = row;
    ++kept_;
    report_.tokens += sample.tokens.size();
    report_.trained_tokens += static_cast<std::size_t>(std::count(sample.mask.begin(), sample.mask.end(), 1));
  }
  SampleReport& report() { return report_; }

  Result<SampleReport> finish() {
    if (!report_.bad.empty() && !options_.skip_bad_rows)
      return fail(ErrorCode::kInvalidInput, fmt::format("{} of {} rows are bad; mend them, or leave them out with skip_bad_rows: true\n{}",
                                                        report_.bad.size(), rows_.size(), describe(report_.bad)));
    if (kept_ == 0)
      return fail(ErrorCode::kInvalidInput, fmt::format("no row is left of {}: {} are longer than tokens_max, {} are bad", rows_.size(),
                                                        report_.dropped, report_.bad.size()));
    return report_;
  }

 private:
  const std::vector<Row>& rows_;
  const std::vector<std::string>& files_;
  const SampleOptions& options_;
  SampleReport report_;
  std::size_t kept_ = 0;
};

tl::unexpected<Error> wrong_kind(const char* wanted) {
  return fail(ErrorCode::kInvalidInput, fmt::format("these rows are no {}: see the data files of the recipe", wanted));
}

Result<Exchange> trained_exchange(const Row& row) {
  if (const auto* chat = std::get_if<ChatBody>(&row.body)) return Exchange{Messages{}, {chat->messages}};
  if (const auto* completion = std::get_if<CompletionBody>(&row.body)) return Exchange{completion->prompt, {completion->completion}};
  return wrong_kind("chats and no prompts with completions");
}

Result<Exchange> pair_exchange(const Row& row) {
  if (const auto* pair = std::get_if<PreferenceBody>(&row.body)) return Exchange{pair->prompt, {pair->chosen, pair->rejected}};
  return wrong_kind("preference pairs");
}

Result<Exchange> thumb_exchange(const Row& row) {
  if (const auto* thumb = std::get_if<ThumbBody>(&row.body)) return Exchange{thumb->prompt, {thumb->completion}};
  return wrong_kind("completions with thumbs");
}

Result<Exchange> prompt_exchange(const Row& row) { return Exchange{TRY(prompt_of(row)), {}}; }

std::vector<float> targets_of(const ClassBody& body, const std::vector<std::string>& labels, bool& any) {
  std::vector<float> out(labels.size(), body.complete ? 0.f : -1.f);
  for (const auto& [name, value] : body.labels) {
    const auto at = std::find(labels.begin(), labels.end(), name);
    if (at == labels.end()) continue;
    out[static_cast<std::size_t>(at - labels.begin())] = static_cast<float>(value);
    any = true;
  }
  return out;
}

}  // namespace

Result<Made<Sample>> make_samples(const std::vector<Row>& rows, const std::vector<std::string>& files,
                                  const model::ChatTokenizer& tokenizer, const SampleOptions& options) {
  Made<Sample> out;
  Maker maker(rows, files, options);
  out.report = TRY(maker.run(tokenizer, trained_exchange, [&](const Row&, std::vector<Sample> samples) {
    for (Sample& sample : samples) out.samples.push_back(std::move(sample));
  }));
  return out;
}

Result<Made<PairSample>> make_pairs(const std::vector<Row>& rows, const std::vector<std::string>& files,
                                    const model::ChatTokenizer& tokenizer, const SampleOptions& options) {
  Made<PairSample> out;
  Maker maker(rows, files, options);
  out.report = TRY(maker.run(tokenizer, pair_exchange, [&](const Row& row, std::vector<Sample> samples) {
    const auto& body = std::get<PreferenceBody>(row.body);
    out.samples.push_back(
        {std::move(samples[0]), std::move(samples[1]), body.strength, body.margin, body.chosen_safe, body.rejected_safe, body.probability});
  }));
  return out;
}

Result<Made<ThumbSample>> make_thumbs(const std::vector<Row>& rows, const std::vector<std::string>& files,
                                      const model::ChatTokenizer& tokenizer, const SampleOptions& options) {
  Made<ThumbSample> out;
  Maker maker(rows, files, options);
  out.report = TRY(maker.run(tokenizer, thumb_exchange, [&](const Row& row, std::vector<Sample> samples) {
    out.samples.push_back({std::move(samples[0]), std::get<ThumbBody>(row.body).up});
  }));
  return out;
}

Result<Made<Sample>> make_prompts(const std::vector<Row>& rows, const std::vector<std::string>& files,
                                  const model::ChatTokenizer& tokenizer, const SampleOptions& options) {
  Made<Sample> out;
  Maker maker(rows, files, options);
  out.report = TRY(maker.run(tokenizer, prompt_exchange,
                             [&](const Row&, std::vector<Sample> samples) { out.samples.push_back(std::move(samples[0])); }));
  return out;
}

Result<Made<PromptSample>> make_prompt_samples(const std::vector<Row>& rows, const std::vector<std::string>& files,
                                               const model::ChatTokenizer& tokenizer, const SampleOptions& options) {
  Made<Sample> made = TRY(make_prompts(rows, files, tokenizer, options));
  Made<PromptSample> out;
  out.report = std::move(made.report);
  for (Sample& sample : made.samples) {
    const Row& row = rows[sample.row];
    const auto safety = json::get_bool(row.extra, "safety");
    if (!safety) return fail(ErrorCode::kInvalidInput, fmt::format("{}: safety is true or false", place_of(row, files)));
    Passage words = TRY(prompt_of(row));
    out.samples.push_back({std::move(sample), std::move(words), safety->value_or(false)});
  }
  return out;
}

Result<Made<ClassSample>> make_class_samples(const std::vector<Row>& rows, const std::vector<std::string>& files,
                                             const std::function<Result<std::vector<Token>>(std::string_view)>& tokenize,
                                             const std::vector<std::string>& labels, const SampleOptions& options) {
  Made<ClassSample> out;
  Maker maker(rows, files, options);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto* body = std::get_if<ClassBody>(&rows[i].body);
    if (!body) return wrong_kind("texts with labels");
    bool any = false;
    ClassSample made{{}, targets_of(*body, labels, any)};
    if (!any && !(body->complete && body->labels.empty())) {
      maker.note_bad(i, "none of its labels is one of the model's");
      continue;
    }
    made.sample.tokens = TRY(tokenize(body->text));
    const auto limit = static_cast<std::size_t>(options.tokens_max);
    if (made.sample.tokens.size() > limit) {
      (options.too_long == TooLong::kDrop ? maker.report().dropped : maker.report().cut) += 1;
      if (options.too_long == TooLong::kDrop) continue;
      made.sample.tokens.resize(limit);
    }
    made.sample.mask.assign(made.sample.tokens.size(), 0);
    maker.count(i, made.sample);
    out.samples.push_back(std::move(made));
  }
  out.report = TRY(maker.finish());
  return out;
}

std::vector<std::string> label_names(const std::vector<Row>& rows) {
  std::set<std::string> names;
  for (const Row& row : rows)
    if (const auto* body = std::get_if<ClassBody>(&row.body))
      for (const auto& [name, value] : body->labels) names.insert(name);
  return {names.begin(), names.end()};
}

std::string describe(const SampleReport& report, std::size_t samples) {
  std::string out = fmt::format("{} samples of {} tokens, {} of them learned", samples, report.tokens, report.trained_tokens);
  if (report.dropped > 0) out += fmt::format("; {} too long and left out", report.dropped);
  if (report.cut > 0) out += fmt::format("; {} too long and cut", report.cut);
  if (!report.bad.empty()) out += fmt::format("; {} bad and left out", report.bad.size());
  return out;
}

}  // namespace steward::data
