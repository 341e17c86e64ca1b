#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "steward/core/clock.h"
#include "steward/core/result.h"
#include "steward/data/batches.h"
#include "steward/runs/early_stop.h"
#include "steward/runs/progress.h"
#include "steward/runs/report.h"
#include "steward/runs/run_folder.h"
#include "steward/runs/run_log.h"
#include "steward/runs/run_record.h"
#include "steward/runs/training_config.h"
#include "steward/tune/adamw.h"

namespace steward::tune {

struct SessionOptions {
  runs::RunConfig run;
  std::string config;      ///< effective, YAML
  json::Object origin;     ///< what a run must find again when it goes on: digests of the base, the data …
  std::int64_t steps = 0;  ///< of the whole run
  bool resume = false;
  double until = 1;  ///< (0, 1]: after this share of the steps the session ends with a checkpoint, to be gone on with
  runs::EarlyStopOptions::Better better = runs::EarlyStopOptions::Better::kLower;  ///< of validations
  const World* world = nullptr;       ///< outlives the session; null: a recipe that runs in one process
  runs::RunRecord* record = nullptr;  ///< is told of the run; outlives the session
};

/// What a step measured, in the order of the log.
using StepValues = std::vector<std::pair<std::string, double>>;

/// A run under way: its folder and log, and where it stands. Holds references to the optimiser and the batches, which outlive it. In a
/// world of several processes all call the same functions; the leading one writes.
class Session {
 public:
  /// Begins a run, or goes on from its last checkpoint: the optimiser, its parameters and the batches are then as they were, and as many
  /// threads are used; the optimiser is shared by the world. Another number of processes may go on, and adds in another order.
  /// Errors: those of RunFolder; kInvalidInput if the base or the data are not those of the run, or without a world in several processes.
  static Result<Session> open(const SessionOptions& options, AdamW& optimizer, data::BatchStream& batches);
  Session(Session&&) noexcept;
  ~Session();

  std::int64_t step() const { return step_; }  ///< done
  bool ended() const { return stopped_ || step_ >= last_step(); }
  /// Is the step under way one after which the model is to be validated?
  bool validates() const;

  /// Ends a step: logs it, and keeps a checkpoint when one is due, at the end, or when `validation` is the best so far.
  /// values: the loss first, and the same in all processes, as `validation`. tokens: that the step read.
  /// Errors: kInternal, such as a full disk; kUnavailable if another process is lost.
  Result<void> finish_step(StepValues values, std::int64_t tokens, std::optional<double> validation);

  /// What the recipe has to find again beside all that: goes into the checkpoints from now on. After a resume it is what the checkpoint
  /// holds; empty before the first.
  void keep_state(json::Object state) { state_ = std::move(state); }
  const json::Object& state() const { return state_; }

  /// Puts the numbers of the best checkpoint into the optimiser's parameters; without validations, of the last.
  Result<void> restore_best();
  const runs::RunFolder& folder() const { return *folder_; }
  /// As the ledger names it; empty without a record.
  std::string run_id() const { return options_.record ? options_.record->id() : ""; }
  const json::Object& origin() const { return options_.origin; }
  /// The run's page. facts, samples: what the recipe adds.
  Result<void> write_report(const std::string& title, std::vector<std::pair<std::string, std::string>> facts,
                            std::vector<runs::ReportSample> samples) const;

 private:
  Session(const SessionOptions& options, AdamW& optimizer, data::BatchStream& batches);
  std::int64_t last_step() const;  ///< where it ends or pauses
  Result<std::int64_t> enter();    ///< the step of the last checkpoint, or -1
  Result<void> go_on(std::int64_t step);
  Result<void> keep();

  SessionOptions options_;
  AdamW& optimizer_;
  data::BatchStream& batches_;
  const World& world_;
  std::unique_ptr<runs::RunFolder> folder_;
  std::unique_ptr<runs::RunLog> log_;
  std::unique_ptr<runs::Progress> progress_;
  std::unique_ptr<Clock> wall_, steady_;
  runs::EarlyStop early_;
  std::int64_t step_ = 0, tokens_ = 0;
  json::Object state_;
  std::optional<double> validation_;
  bool stopped_ = false;
};

/// To be asked before the optimiser's step, which would spoil its parameters. step: done so far. norm: of the gradient.
/// Errors: kInvalidInput if either is no finite number.
Result<void> check_finite(std::int64_t step, double loss, double norm);

/// SHA-256 in hex of a GGUF file, or over the files of a folder. Errors: kNotFound.
Result<std::string> digest_of_base(const std::string& path);

}  // namespace steward::tune
