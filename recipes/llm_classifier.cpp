// A language model as a classifier: one head a label over what its last norm gives at a text's last token, with a LoRA. A text's labels may
// be known in part; what is unknown teaches nothing.
#include <cstdio>

#include <fmt/format.h>

#include "recipes/recipe.h"
#include "recipes/setup.h"
#include "steward/core/hash.h"
#include "steward/tune/class_heads.h"
#include "steward/tune/classifier_head.h"
#include "steward/tune/token_batch.h"

namespace steward::recipes {
namespace {

using namespace tune;

struct LlmClassifierConfig : CommonConfig {
  std::vector<std::string> labels;
  LlmClassifierConfig() {
    data.layout = "padded";
    data.too_long = "cut";
    optimizer.rate = 1e-4;
  }
};

Tensor loss_of(const Tensor& scores, const Tensor& targets) {
  return masked_logistic_loss(scores, targets, at::ones({scores.size(0)}), at::ones({scores.size(1)}, at::kBool));
}

/// Scores of held-out texts, [S, labels], with their targets.
struct HeldOut {
  Tensor scores, targets;
  double loss() const { return loss_of(scores, targets).item<double>(); }
};

HeldOut score_all(const Trainee& trainee, const ClassHeads& heads, const std::vector<data::ClassSample>& texts,
                  const LlmClassifierConfig& config) {
  const at::NoGradGuard guard;
  std::vector<Tensor> scores, targets;
  for (const data::BatchPlan& plan : in_order(texts.size(), static_cast<std::size_t>(config.data.rows))) {
    scores.push_back(heads.scores(last_hidden(trainee.model, token_batch(plan, texts), trainee.pass())));
    targets.push_back(class_targets(plan, texts));
  }
  return {at::cat(scores), at::cat(targets)};
}

/// The mean over labels of both figures.
void put_means(const std::vector<ClassFigure>& figures, StepValues& values) {
  double auprc = 0, accuracy = 0;
  for (const ClassFigure& figure : figures) {
    auprc += figure.auprc / static_cast<double>(figures.size());
    accuracy += figure.accuracy / static_cast<double>(figures.size());
  }
  values.insert(values.end(), {{"validation/auprc", auprc}, {"validation/accuracy", accuracy}});
}

std::vector<std::pair<std::string, std::string>> facts_of(const std::vector<ClassFigure>& figures) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const ClassFigure& figure : figures)
    out.emplace_back("held out: " + figure.label, fmt::format("AUPRC {:.4f}, accuracy {:.4f} ({} of {} texts positive)", figure.auprc,
                                                              figure.accuracy, figure.positives, figure.rows));
  return out;
}

/// Beside a scorer that knows nothing: its average precision is the share of positives, its best accuracy that of the commoner answer.
void add_figures(const std::vector<ClassFigure>& figures, ModelCard& card) {
  for (const ClassFigure& figure : figures) {
    const double share = static_cast<double>(figure.positives) / static_cast<double>(figure.rows);
    card.figures.push_back({"AUPRC, " + figure.label, share, figure.auprc});
    card.figures.push_back({"accuracy, " + figure.label, std::max(share, 1 - share), figure.accuracy});
  }
}

}  // namespace

Result<void> llm_classifier(const Arguments& arguments) {
  LlmClassifierConfig config;
  runs::Fields fields;
  declare(fields, config);
  fields.texts("data.labels", config.labels, "that get a head; empty: all that the rows name");
  if (TRY(load_or_print(fields, arguments))) return {};
  if (config.model.train == "full")
    return fail(ErrorCode::kInvalidInput, "a classifier is an adapter with heads, or heads alone (model.train: lora or head)",
                "model.train");
  use_processor(config);

  const auto tokenizer = TRY(open_tokenizer(config));
  const auto data = TRY(data::load_classes(config.data, tokenizer, config.labels));
  for (const std::string& note : data.notes) fmt::print(stderr, "{}\n", note);
  const ClassHeads heads = make_class_heads(config.labels, TRY(width_of_base(config)));
  Trainee trainee = TRY(open_base(config, heads.named()));
  TRY(check_vocabulary(tokenizer, trainee.model.shape()));
  fmt::print(stderr, "{}; heads: {}\n", describe(trainee), fmt::join(config.labels, ", "));

  auto batches = TRY(
      data::BatchStream::create(lengths_of(data.train), data.mix, batch_options(config.data, static_cast<std::uint64_t>(config.run.seed))));
  const std::int64_t steps = steps_of(config.run, static_cast<std::int64_t>(batches.batches(0)));
  const runs::Schedule schedule = schedule_of(config.optimizer, steps);
  const json::Object origin = TRY(origin_of(config, "llm-classifier", data));
  Session session = TRY(Session::open(session_options(config, fields, arguments, origin, steps), trainee.optimizer, batches));

  while (!session.ended()) {
    double loss = 0;
    std::int64_t read = 0;
    for (std::int64_t i = 0; i < config.run.accumulate; ++i) {
      const data::BatchPlan& plan = batches.next();
      const TokenBatch batch = token_batch(plan, data.train);
      const Tensor part = loss_of(heads.scores(last_hidden(trainee.model, batch, trainee.pass())), class_targets(plan, data.train)) /
                          static_cast<double>(config.run.accumulate);
      part.backward();
      loss += part.item<double>();
      read += batch.tokens();
    }
    const double norm = clip_gradients(trainee.optimizer.parameters(), config.optimizer.clip_norm);
    TRY(check_finite(session.step(), loss, norm));
    const double rate = rate_at(schedule, session.step());
    trainee.optimizer.step(rate);

    StepValues values = {{"loss", loss}, {"rate", rate}, {"gradient/norm", norm}, {"tokens", static_cast<double>(read)}};
    std::optional<double> validation;
    if (session.validates() && !data.validation.empty()) {
      const HeldOut held_out = score_all(trainee, heads, data.validation, config);
      validation = held_out.loss();
      values.emplace_back("validation/loss", *validation);
      put_means(class_figures(heads.labels, held_out.scores, held_out.targets), values);
    }
    TRY(session.finish_step(std::move(values), read, validation));
  }

  TRY(session.restore_best());
  std::vector<ClassFigure> figures;
  if (!data.validation.empty()) {
    const HeldOut held_out = score_all(trainee, heads, data.validation, config);
    figures = class_figures(heads.labels, held_out.scores, held_out.targets);
  }
  ModelCard card;
  card.method = "A classifier, trained on labelled texts. It scores texts; it does not write them.";
  card.data = {{"training texts", data.digest, static_cast<std::int64_t>(data.train.size())}};
  add_figures(figures, card);
  TRY(export_run(config, trainee, session, card));
  const std::string adapter = session.folder().path() + "/adapter.gguf";
  const std::string digest = trainee.lora.pairs.empty() ? "" : TRY(sha256_file_hex(adapter));
  card.name = "class heads";
  card.base_sha256 = std::string(origin.at("base").get_string());
  TRY(export_class_heads(session.folder().path() + "/heads.gguf", heads, digest, card));
  return write_report(trainee, session, {}, facts_of(figures));
}

}  // namespace steward::recipes
