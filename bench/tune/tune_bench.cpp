// tune_bench BASE.gguf …: whole training steps over sequences of a file, or random ones, every token learned. Prints one line of JSON: the
// first step's loss, tokens a second, tokens a CPU-second, and the most memory that the process held. --export writes the base as a folder
// of the hub instead, for others to load.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "steward/core/random.h"
#include "steward/tune/export.h"
#include "steward/tune/token_batch.h"
#include "steward/tune/trainee.h"

namespace {

using namespace steward;
using namespace steward::tune;

struct Words {
  std::string base, train = "lora", precision = "bf16", tokens, folder;
  std::size_t sequences = 2, length = 512;
  int steps = 3, threads = 0;
  bool keep = false;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

double peak_gib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / (1 << 20);
}

data::Sample sample_of(std::vector<std::int32_t> tokens) {
  data::Sample out;
  out.mask.assign(tokens.size(), 1);
  out.mask[0] = 0;
  out.tokens = std::move(tokens);
  return out;
}

std::vector<data::Sample> random_samples(const Words& words, std::int64_t vocabulary) {
  Random random(1);
  std::vector<data::Sample> out;
  while (out.size() < words.sequences) {
    std::vector<std::int32_t> tokens(words.length);
    for (auto& token : tokens) token = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(vocabulary)));
    out.push_back(sample_of(std::move(tokens)));
  }
  return out;
}

/// A sequence a line, tokens apart by blanks.
std::vector<data::Sample> read_samples(const std::string& path) {
  std::vector<data::Sample> out;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream numbers(line);
    std::vector<std::int32_t> tokens;
    for (std::int32_t token; numbers >> token;) tokens.push_back(token);
    if (!tokens.empty()) out.push_back(sample_of(std::move(tokens)));
  }
  return out;
}

Result<void> train(const Words& words) {
  runs::ModelConfig config;
  config.base = words.base;
  config.train = words.train;
  config.precision = words.precision;
  Trainee trainee = TRY(open_trainee(config, {}, 1));
  if (words.keep) trainee.keep = Keep::kAll;
  const auto samples = words.tokens.empty() ? random_samples(words, trainee.model.shape().vocabulary) : read_samples(words.tokens);
  if (samples.empty()) return fail(ErrorCode::kInvalidInput, "there is no sequence in " + words.tokens);
  std::vector<const data::Sample*> chosen;
  for (const auto& sample : samples) chosen.push_back(&sample);
  const TokenBatch batch = token_batch(chosen);
  const auto step = [&] {
    const Tensor loss = weighted_nll(predict(trainee.model, batch, trainee.pass()),
                                     at::full({batch.learned()}, 1.0 / static_cast<double>(batch.learned())));
    loss.backward();
    clip_gradients(trainee.optimizer.parameters(), 1);
    trainee.optimizer.step(1e-5);
    return loss.item<double>();
  };
  const double first = step();  // libraries prepare their kernels
  const auto begin = std::chrono::steady_clock::now();
  const double cpu = cpu_seconds();
  for (int i = 0; i < words.steps; ++i) step();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double tokens = static_cast<double>(batch.tokens()) * words.steps;
  std::printf(R"({"loss": %.4f, "tokens_per_second": %.1f, "tokens_per_cpu_second": %.1f, "peak_gib": %.3f})"
              "\n",
              first, tokens / seconds, tokens / (cpu_seconds() - cpu), peak_gib());
  return {};
}

Result<void> run(const Words& words) {
  set_compute({words.threads, words.precision == "bf16" ? Products::kFast : Products::kExact});
  const Change unchanged = [](const std::string&, const Tensor& base) { return base; };
  if (words.folder.empty()) return train(words);
  ModelCard card;
  card.name = "base";
  card.method = "Written again as a folder of the hub.";
  return export_hub_model(words.folder, words.base, unchanged, card);
}

}  // namespace

int main(int argc, char** argv) {
  Words words;
  CLI::App app("Measures whole training steps.", "tune_bench");
  app.add_option("base", words.base, "GGUF file")->required();
  app.add_option("--export", words.folder, "write the base there as a folder of the hub, and train nothing");
  app.add_option("--tokens", words.tokens, "file with a sequence a line; without it they are random");
  app.add_option("--train", words.train, "lora or full");
  app.add_option("--precision", words.precision, "bf16 or f32");
  app.add_option("--sequences", words.sequences, "random ones of a step");
  app.add_option("--length", words.length, "tokens of each");
  app.add_option("--steps", words.steps, "that are measured, after one that is not");
  app.add_option("--threads", words.threads, "0: one for each core");
  app.add_flag("--keep", words.keep, "every activation, instead of running layers again");
  CLI11_PARSE(app, argc, argv);
  if (const auto done = run(words); !done) return std::fprintf(stderr, "tune_bench: %s\n", done.error().message.c_str()), 3;
  return 0;
}
