#include "steward/tune/session.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/core/hash.h"
#include "steward/tune/checkpoint.h"

namespace steward::tune {
namespace {

const World& world_of(const SessionOptions& options) {
  static const World alone;
  return options.world ? *options.world : alone;
}

}  // namespace

Session::Session(const SessionOptions& options, AdamW& optimizer, data::BatchStream& batches)
    : options_(options),
      optimizer_(optimizer),
      batches_(batches),
      world_(world_of(options)),
      wall_(std::make_unique<SystemClock>()),
      steady_(std::make_unique<SteadyClock>()),
      early_({options.better, options.run.patience, 0}) {}
Session::Session(Session&&) noexcept = default;
Session::~Session() {
  if (progress_) progress_->finish();
}

Result<Session> Session::open(const SessionOptions& options, AdamW& optimizer, data::BatchStream& batches) {
  Session out(options, optimizer, batches);
  if (!options.world && TRY(launch_of_environment()).size > 1)
    return fail(ErrorCode::kInvalidInput, "this recipe runs in one process: start it without mpirun, srun or torchrun");
  optimizer.share(out.world_);
  out.options_.origin["threads"] = at::get_num_threads();
  const std::int64_t last = TRY(out.enter());
  if (last >= 0) TRY(out.go_on(last));
  if (!out.world_.leads()) return out;
  out.log_ = std::make_unique<runs::RunLog>(TRY(runs::RunLog::open(out.folder_->log_path(), out.folder_->events_path(), last, *out.wall_)));
  if (options.record) {
    TRY(options.record->began({out.folder_->path(), options.config, out.options_.origin, options.steps, out.step_}));
    options.record->note(out.step_, out.early_.best_step(), out.early_.best_value());
  }
  out.progress_ = std::make_unique<runs::Progress>(stderr, runs::Progress::style_of(stderr), out.step_, options.steps, *out.steady_);
  return out;
}

Result<std::int64_t> Session::enter() {
  double last = -1;
  if (!world_.leads()) {
    folder_ = std::make_unique<runs::RunFolder>(runs::RunFolder::of_another(options_.run.folder));
    last = 0;
  } else if (options_.resume) {
    folder_ = std::make_unique<runs::RunFolder>(TRY(runs::RunFolder::resume(options_.run.folder, options_.config)));
    const auto kept = TRY(folder_->checkpoints());
    if (!kept.empty()) last = static_cast<double>(kept.back());
  } else {
    folder_ = std::make_unique<runs::RunFolder>(TRY(runs::RunFolder::create(options_.run.folder, options_.config)));
  }
  world_.sum({&last});
  TRY(world_.status());
  return static_cast<std::int64_t>(last);
}

Result<void> Session::go_on(std::int64_t step) {
  const std::string path = folder_->checkpoint_path(step);
  const Checkpoint checkpoint = TRY(read_checkpoint(path));
  const auto broken = [&] { return fail(ErrorCode::kInvalidInput, fmt::format("{} is no checkpoint of a run", path)); };
  const json::Object* origin = TRY(json::get_object(checkpoint.facts, "origin"));
  const json::Object* cursor = TRY(json::get_object(checkpoint.facts, "cursor"));
  const json::Object* early = TRY(json::get_object(checkpoint.facts, "early_stop"));
  if (!origin || !cursor || !early) return broken();
  for (const auto& [key, value] : options_.origin) {
    const auto found = origin->find(key);
    if (found == origin->end()) return broken();
    if (key == "threads") {  // another number of threads adds in another order
      at::set_num_threads(static_cast<int>(found->value().as_int64()));
      options_.origin["threads"] = found->value();
    } else if (json::dump_canonical(found->value()) != json::dump_canonical(value)) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("the run in {} was begun with another {}: it cannot go on", folder_->path(), std::string(key)));
    }
  }
  const auto epoch = TRY(json::get_integer(*cursor, "epoch")), batch = TRY(json::get_integer(*cursor, "batch"));
  if (!epoch || !batch) return broken();
  TRY(restore(checkpoint, optimizer_));
  TRY(batches_.seek({static_cast<std::uint64_t>(*epoch), static_cast<std::uint64_t>(*batch)}));
  TRY(early_.restore(*early));
  if (const json::Object* state = TRY(json::get_object(checkpoint.facts, "recipe"))) state_ = *state;
  stopped_ = TRY(json::get_bool(checkpoint.facts, "stopped")).value_or(false);
  step_ = step;
  if (world_.leads() && early_.best_step() && std::filesystem::exists(folder_->checkpoint_path(*early_.best_step())))
    TRY(folder_->mark_best(*early_.best_step()));
  return {};
}

std::int64_t Session::last_step() const {
  return static_cast<std::int64_t>(std::ceil(options_.until * static_cast<double>(options_.steps) - 1e-9));
}

bool Session::validates() const {
  const std::int64_t every = options_.run.validate_every;
  return step_ + 1 == last_step() || (every > 0 && (step_ + 1) % every == 0);
}

Result<void> Session::finish_step(StepValues values, std::int64_t tokens, std::optional<double> validation) {
  ++step_;
  tokens_ += tokens;
  if (validation) validation_ = validation;
  const double loss = values.front().second;
  TRY(world_.status());
  if (world_.leads()) {
    TRY(log_->append(step_, std::move(values)));
    progress_->update({step_, tokens_, loss, validation_});
  }
  bool best = false;
  if (validation) {
    const auto verdict = early_.observe(step_, *validation);
    best = verdict.best;
    stopped_ = verdict.stop;
  }
  if (options_.record) options_.record->note(step_, early_.best_step(), early_.best_value());
  if (best || ended() || step_ % options_.run.checkpoint_every == 0) TRY(keep());
  if (ended() && progress_) progress_->finish();
  return {};
}

Result<void> Session::keep() {
  const data::Cursor cursor = batches_.cursor();
  json::Object facts;
  facts["step"] = step_;
  facts["cursor"] = json::Object{{"epoch", cursor.epoch}, {"batch", cursor.batch}};
  facts["early_stop"] = early_.state();
  facts["stopped"] = stopped_;
  facts["origin"] = options_.origin;
  if (!state_.empty()) facts["recipe"] = state_;
  const Checkpoint checkpoint = take_checkpoint(optimizer_, std::move(facts));
  TRY(world_.status());
  if (!world_.leads()) return {};
  const std::string folder = TRY(folder_->begin_checkpoint(step_));
  TRY(write_checkpoint(folder, checkpoint));
  TRY(folder_->finish_checkpoint(step_));
  if (early_.best_step() == step_) TRY(folder_->mark_best(step_));
  return folder_->prune(static_cast<std::size_t>(options_.run.checkpoints_kept));
}

Result<void> Session::restore_best() {
  const auto kept = TRY(folder_->checkpoints());
  const std::int64_t step = folder_->best().value_or(kept.empty() ? 0 : kept.back());
  return restore(TRY(read_checkpoint(folder_->checkpoint_path(step))), optimizer_);
}

Result<void> Session::write_report(const std::string& title, std::vector<std::pair<std::string, std::string>> facts,
                                   std::vector<runs::ReportSample> samples) const {
  if (!run_id().empty()) facts.emplace_back("run", run_id());
  for (const auto& [key, value] : options_.origin)
    if (value.is_primitive()) facts.emplace_back(key, value.is_string() ? std::string(value.get_string()) : json::dump(value));
  if (const auto best = folder_->best()) facts.emplace_back("best step", fmt::format("{} of {}", *best, step_));
  if (stopped_) facts.emplace_back("ended", "early: no better validation for a while");
  return write_file_atomic(folder_->report_path(), runs::render_report({title, std::move(facts), options_.config, log_->records(),
                                                                        runs::standard_charts(), std::move(samples)}));
}

Result<void> check_finite(std::int64_t step, double loss, double norm) {
  if (std::isfinite(loss) && std::isfinite(norm)) return {};
  return fail(ErrorCode::kInvalidInput,
              fmt::format("step {}: the {} is no finite number. The last checkpoint stands: try a lower optimizer.rate", step + 1,
                          std::isfinite(loss) ? "gradient" : "loss"));
}

Result<std::string> digest_of_base(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return sha256_file_hex(path);
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(path, error))
    if (entry.path().extension() == ".safetensors" || entry.path().filename() == "config.json") files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  Sha256 digest;
  for (const std::string& file : files) digest.update(TRY(sha256_file_hex(file)));
  return hex(digest.finish());
}

}  // namespace steward::tune
