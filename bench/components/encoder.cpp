// The sentence encoder: time of a text. bench/encoder compares it with onnxruntime.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "bench/components/benches.h"
#include "steward/core/check.h"
#include "steward/model/encoder/encoder.h"

namespace steward::bench {
namespace {

std::string path_of(const std::string& file) {
  const char* folder = std::getenv("STEWARD_MODELS_DIR");
  const char* home = std::getenv("HOME");
  return (folder ? std::string(folder) : std::string(home ? home : "") + "/.cache/steward/models") + "/" + file;
}

/// A text that a model sees as `tokens` tokens: each of these words is one.
std::string text_of(std::size_t tokens, std::size_t added) {
  static constexpr std::string_view kWords[] = {"the", "red", "house", "is", "near", "a", "river", "and", "we", "walk", "there"};
  std::string out;
  for (std::size_t i = 0; i + added < tokens; ++i) out.append(i == 0 ? "" : " ").append(kWords[i * i % std::size(kWords)]);
  return out;
}

Work encode_work(const model::Encoder& encoder, const std::string& text, std::size_t batch) {
  const std::vector<std::string_view> texts(batch, text);
  return on_cpu([&encoder, texts] { STEWARD_CHECK(encoder.encode(texts).has_value()); });
}

void time_model(Table& table, const std::string& file, int layers, std::size_t added) {
  const auto encoder = model::open_encoder(path_of(file), {.layers = layers});
  if (!encoder) {
    std::fprintf(stderr, "%s\n", encoder.error().message.c_str());
    return;
  }
  for (const std::size_t tokens : {16, 64, 128, 256}) {
    const std::string text = text_of(tokens, added);
    for (const std::size_t batch : {1, 8})
      table.time_of(
          {.figure = fmt::format("{} of {} layers, {} tokens, {} at once", (*encoder)->name(), (*encoder)->layers(), tokens, batch),
           .unit = "us"},
          encode_work(**encoder, text, batch), static_cast<double>(batch));
  }
}

}  // namespace

void bench_encoder(Table& table) {
  time_model(table, "minilm-l6.gguf", 0, 2);
  for (const int layers : {0, 8, 6, 4}) time_model(table, "e5-small.gguf", layers, 5);
}

int serve_encodes(const std::string& path, std::size_t tokens) {
  const auto encoder = model::open_encoder(path, {});
  if (!encoder) {
    std::fprintf(stderr, "%s\n", encoder.error().message.c_str());
    return 2;
  }
  const Work work = encode_work(**encoder, text_of(tokens, 2), 1);
  for (long long times = 0; std::scanf("%lld", &times) == 1;) {
    std::printf("%.1f\n", work(times) / static_cast<double>(times));
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace steward::bench
