// tune_bench BASE.gguf [lora|full] [bf16|f32] [sequences] [tokens of each] [steps] [threads] [keep]: whole training steps on random tokens,
// every token learned. Prints tokens a second, tokens a CPU-second, and the most memory that the process held.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "steward/core/random.h"
#include "steward/tune/token_batch.h"
#include "steward/tune/trainee.h"

namespace {

using namespace steward;
using namespace steward::tune;

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

std::vector<data::Sample> random_samples(std::size_t count, std::size_t tokens, std::int64_t vocabulary) {
  Random random(1);
  std::vector<data::Sample> out(count);
  for (data::Sample& sample : out) {
    for (std::size_t i = 0; i < tokens; ++i)
      sample.tokens.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(vocabulary))));
    sample.mask.assign(tokens, 1);
    sample.mask[0] = 0;
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const auto word = [&](int at, const char* otherwise) { return std::string(argc > at ? argv[at] : otherwise); };
  const auto number = [&](int at, const char* otherwise) { return std::strtoull(word(at, otherwise).c_str(), nullptr, 10); };
  if (argc < 2)
    return std::fprintf(stderr, "usage: tune_bench BASE.gguf [lora|full] [bf16|f32] [sequences] [tokens] [steps] [threads] [keep]\n"), 2;
  set_compute({static_cast<int>(number(7, "0"))});
  runs::ModelConfig config;
  config.base = argv[1];
  config.train = word(2, "lora");
  config.precision = word(3, "bf16");
  auto opened = open_trainee(config, {}, 1);
  if (!opened) return std::fprintf(stderr, "tune_bench: %s\n", opened.error().message.c_str()), 3;
  Trainee trainee = std::move(*opened);
  if (word(8, "") == "keep") trainee.keep = Keep::kAll;  // every activation, instead of running layers again
  const auto samples = random_samples(number(4, "2"), number(5, "512"), trainee.model.shape().vocabulary);
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
  const std::uint64_t steps = number(6, "3");
  const auto begin = std::chrono::steady_clock::now();
  const double cpu = cpu_seconds();
  for (std::uint64_t i = 0; i < steps; ++i) step();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double tokens = static_cast<double>(batch.tokens()) * static_cast<double>(steps);
  std::printf("first loss %.4f, %.1f tokens/s, %.1f tokens/CPU-s, peak %.2f GiB\n", first, tokens / seconds, tokens / (cpu_seconds() - cpu),
              peak_gib());
  return 0;
}
