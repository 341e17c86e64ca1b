// A search over the keys of a recipe: each try is a run of its own, and poor ones end early (successive halving).
#include "recipes/sweep.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <sstream>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/runs/run_log.h"
#include "steward/tune/distributed.h"

namespace steward::recipes {
namespace {

using runs::Trial;

std::string run_folder(const SweepArguments& arguments, const Trial& trial) {
  return fmt::format("{}/runs/{}", arguments.folder, trial.number);
}
std::string spoken_by(const SweepArguments& arguments, const Trial& trial) { return run_folder(arguments, trial) + ".txt"; }

/// What a search must find again when it goes on.
std::string described(const SweepArguments& arguments, const std::vector<Trial>& trials) {
  std::string out = fmt::format("{} {} {} {} {}\n", arguments.recipe, arguments.config, arguments.metric, arguments.options.rungs,
                                arguments.options.survivors);
  for (const std::string& setting : arguments.overrides) out += setting + "\n";
  for (const Trial& trial : trials) out += fmt::format("{}: {}\n", trial.number, fmt::join(trial.settings, " "));
  return out;
}

Result<std::vector<Trial>> all_trials(const SweepArguments& arguments) {
  std::vector<runs::SearchedKey> keys;
  for (const std::string& text : arguments.searched) keys.push_back(TRY(runs::parse_searched(text)));
  const auto settings = arguments.draws > 0 ? TRY(runs::random_settings(keys, arguments.draws, arguments.seed)) : runs::grid(keys);
  std::vector<Trial> out;
  for (const runs::Settings& of_one : settings) {
    Trial trial;
    trial.number = out.size();
    trial.settings = of_one;
    out.push_back(std::move(trial));
  }
  return out;
}

/// Makes the folder, or reads how far the search came.
Result<void> enter(const SweepArguments& arguments, std::vector<Trial>& trials) {
  const std::string search = arguments.folder + "/search.txt", journal = arguments.folder + "/journal.jsonl";
  const bool there = std::filesystem::exists(search);
  if (there && !arguments.resume)
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} holds a search already: go on with it by --resume, or name another folder", arguments.folder));
  if (there && TRY(read_file(search)) != described(arguments, trials))
    return fail(ErrorCode::kInvalidInput, fmt::format("the search in {} was begun with other words: it cannot go on", arguments.folder));
  std::error_code error;
  std::filesystem::create_directories(arguments.folder + "/runs", error);
  if (error) return fail(ErrorCode::kInternal, fmt::format("cannot make the folder {}: {}", arguments.folder, error.message()));
  if (!there) return write_file_atomic(search, described(arguments, trials));
  if (!std::filesystem::exists(journal)) return {};
  std::istringstream lines(TRY(read_file(journal)));
  for (std::string line; std::getline(lines, line);) {
    Trial trial = TRY(runs::read_trial(line));
    if (trial.number < trials.size()) trials[trial.number] = std::move(trial);
  }
  return {};
}

std::vector<std::string> words_of(const SweepArguments& arguments, const Trial& trial, double share) {
  std::vector<std::string> out = {"steward-tune", arguments.recipe, "--until", fmt::format("{:.17g}", share)};
  if (!arguments.config.empty()) out.insert(out.end(), {"--config", arguments.config});
  for (const std::string& setting : arguments.overrides) out.insert(out.end(), {"--set", setting});
  for (const std::string& setting : trial.settings) out.insert(out.end(), {"--set", setting});
  out.insert(out.end(), {"--set", "run.folder=" + run_folder(arguments, trial)});
  if (std::filesystem::exists(run_folder(arguments, trial) + "/config.yaml")) out.emplace_back("--resume");
  return out;
}

/// Runs this program again, and waits for it. What it says goes to the end of a file. Returns its exit code, or minus the signal.
Result<int> run_again(const std::vector<std::string>& words, const std::string& says) {
  std::vector<char*> raw;
  for (const std::string& word : words) raw.push_back(const_cast<char*>(word.c_str()));
  raw.push_back(nullptr);
  const pid_t parent = ::getpid(), child = ::fork();
  if (child < 0) return fail(ErrorCode::kInternal, fmt::format("cannot start a run: {}", std::strerror(errno)));
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // no run goes on alone, or a search that is resumed would meet it
    if (::getppid() != parent) ::_exit(127);
    const int file = ::open(says.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (file < 0 || ::dup2(file, STDOUT_FILENO) < 0 || ::dup2(file, STDERR_FILENO) < 0) ::_exit(127);
    ::execv("/proc/self/exe", raw.data());
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return fail(ErrorCode::kInternal, fmt::format("cannot wait for a run: {}", std::strerror(errno)));
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// The error that a run ended with.
std::string last_words(const std::string& says) {
  const std::string text = read_file(says).value_or("");
  const std::string_view mark = "steward-tune: ";
  const std::size_t at = text.rfind(mark);
  if (at == std::string::npos) return "it ended without a word";
  return text.substr(at + mark.size(), text.find('\n', at) - at - mark.size());
}

Result<double> best_value(const SweepArguments& arguments, const Trial& trial) {
  std::optional<double> best;
  for (const auto& record : TRY(runs::read_log(run_folder(arguments, trial) + "/log.jsonl")))
    for (const auto& [name, value] : record.values)
      if (name == arguments.metric && std::isfinite(value))
        best = !best ? value : arguments.options.higher_is_better ? std::max(*best, value) : std::min(*best, value);
  if (best) return *best;
  return fail(ErrorCode::kInvalidInput,
              fmt::format("its log has no {}: validation needs rows of its own (data.validation_share)", arguments.metric));
}

Result<void> try_it(const SweepArguments& arguments, Trial& trial, double share) {
  const int code = TRY(run_again(words_of(arguments, trial, share), spoken_by(arguments, trial)));
  trial.failure = code < 0 ? fmt::format("signal {}", -code) : code > 0 ? last_words(spoken_by(arguments, trial)) : "";
  if (code == 0) {
    const auto value = best_value(arguments, trial);
    if (value) trial.score = *value;
    if (!value) trial.failure = value.error().message;
  }
  if (!trial.failure.empty()) trial.score.reset();
  trial.share = share;
  return {};
}

std::string lines_of(const std::vector<Trial>& trials) {
  std::string out;
  for (const Trial& trial : trials) out += runs::print_trial(trial) + "\n";
  return out;
}

Result<void> write_results(const SweepArguments& arguments, const std::vector<Trial>& trials) {
  const auto order = runs::ranked(arguments.options, trials);
  TRY(write_file_atomic(arguments.folder + "/results.jsonl", lines_of(order)));
  TRY(write_file_atomic(arguments.folder + "/report.html",
                        runs::render_sweep(fmt::format("Search over {}", arguments.recipe), arguments.metric, order)));
  if (!order.front().score)
    return fail(ErrorCode::kInvalidInput, fmt::format("every run has failed; the first: {}", order.front().failure));
  std::string config = TRY(read_file(run_folder(arguments, order.front()) + "/config.yaml"));
  const std::string was = run_folder(arguments, order.front());
  if (const std::size_t at = config.find(was); at != std::string::npos) config.replace(at, was.size(), arguments.folder + "/best");
  TRY(write_file_atomic(arguments.folder + "/best.yaml", config));
  fmt::print("{}: {:.5g} by {}\n{}/best.yaml\n", arguments.metric, *order.front().score, fmt::join(order.front().settings, ", "),
             arguments.folder);
  return {};
}

}  // namespace

Result<void> sweep(const SweepArguments& arguments) {
  if (arguments.searched.empty()) return fail(ErrorCode::kInvalidInput, "name what is searched: --grid 'optimizer.rate=[1e-5,1e-4]'");
  if (TRY(tune::launch_of_environment()).size > 1) return fail(ErrorCode::kInvalidInput, "a search runs in one process");
  std::vector<Trial> trials = TRY(all_trials(arguments));
  TRY(enter(arguments, trials));
  std::vector<std::size_t> alive;
  for (const Trial& trial : trials) alive.push_back(trial.number);

  for (std::size_t rung = 0; rung < arguments.options.rungs; ++rung) {
    const double share = runs::share_of_rung(arguments.options, rung);
    std::vector<Trial> reached;
    for (const std::size_t number : alive) {
      Trial& trial = trials[number];
      if (trial.failure.empty() && trial.share < share) {
        TRY(try_it(arguments, trial, share));
        TRY(write_file_atomic(arguments.folder + "/journal.jsonl", lines_of(trials)));
        fmt::print(stderr, "run {} ({}) to {:.3g} of its steps: {}\n", number, fmt::join(trial.settings, ", "), share,
                   trial.score ? fmt::format("{} {:.5g}", arguments.metric, *trial.score) : trial.failure);
      }
      reached.push_back(trial);
    }
    alive = runs::survivors(arguments.options, reached, share);
  }
  return write_results(arguments, trials);
}

}  // namespace steward::recipes
