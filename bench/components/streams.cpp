// The learned filter on streams: what it adds to the delay of a reply, held or advisory, by the length of its pieces.
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench/components/benches.h"
#include "steward/app/encoders.h"
#include "steward/app/profiles.h"
#include "steward/core/check.h"
#include "steward/core/files.h"

namespace steward::bench {
namespace {

/// From one delta of the model to the next: 50 a second.
constexpr double kDeltaMs = 20;

struct Wiring {
  std::string words;    ///< of the figure
  std::string learned;  ///< keys of the filter `learned`
  std::string language;
};

std::shared_ptr<const guard::Guard> guard_of(const Wiring& wiring, const Clock& clock, app::Encoders& encoders) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("steward-streams-{}", ::getpid());
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "policy.yaml").string();
  const std::string policy = fmt::format(
      "policy: {{id: streams, version: 1.0.0, owner: bench@example.org, extends: steward/general-assistant@1}}\n"
      "filters:\n  - {{name: learned, kind: classifier, deadline_ms: 5000, {}}}\n",
      wiring.learned);
  STEWARD_CHECK(write_file_atomic(path, policy).has_value());
  auto guard = app::load_guard(path, clock, {nullptr, encoders.source()});
  std::filesystem::remove_all(folder);
  if (!guard) {
    std::fprintf(stderr, "%s\n", guard.error().message.c_str());
    std::exit(2);
  }
  return *guard;
}

double thread_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

struct Delays {
  double mean_ms = 0, max_ms = 0, cpu_ms = 0;
};

/// A reply whose deltas come on a clock of its own, through a guard on a worker: it takes what has come, and what comes meanwhile waits for
/// it. Only the CPU time of the guard is measured.
Delays stream(const guard::Guard& guard, const guard::Turn& turn, const std::vector<std::string>& deltas) {
  const auto output = guard.open_output(turn);
  Delays out;
  double now = 0, sum = 0;
  std::vector<double> came;  ///< of each byte
  std::size_t released = 0, next = 0;
  const auto release = [&](std::size_t bytes) {
    for (; bytes > 0; --bytes, ++released) {
      const double delay = now - came[released];
      sum += delay;
      out.max_ms = std::max(out.max_ms, delay);
    }
  };
  const auto work = [&](auto step) {
    const double began = thread_ms();
    const std::size_t bytes = step();
    const double cost = thread_ms() - began;
    now += cost;
    out.cpu_ms += cost;
    release(bytes);
  };
  while (next < deltas.size()) {
    now = std::max(now, kDeltaMs * static_cast<double>(next));
    std::string text;
    for (; next < deltas.size() && kDeltaMs * static_cast<double>(next) <= now; ++next) {
      text += deltas[next];
      came.insert(came.end(), deltas[next].size(), kDeltaMs * static_cast<double>(next));
    }
    work([&] { return output->push(text).text.size(); });
  }
  work([&] { return output->finish().text.size(); });
  STEWARD_CHECK(released == came.size());
  out.mean_ms = sum / static_cast<double>(released);
  return out;
}

/// As a model's tokens fall.
std::vector<std::string> tokens_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    while (end < text.size() && end - at < 6 && text[end] >= 'a' && text[end] <= 'z') ++end;
    out.push_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

}  // namespace

void bench_streams(Table& table) {
  const SystemClock clock;
  app::Encoders encoders;
  const std::vector<std::string> deltas = tokens_of(read_text("reply.txt"));
  const std::string config = "config: {models: ../models/detection, encoder: e5-small.gguf, stream_chars: ";
  std::vector<Wiring> wirings = {{"inputs alone", "on: [input], " + config + "400}", "en"}};
  for (const char* language : {"en", "fr"})
    for (const int chars : {400, 150, 40})
      wirings.push_back(
          {fmt::format("held, pieces from {} characters, {}", chars, language == std::string("en") ? "linear tier" : "encoder"),
           fmt::format("on: [input, output], {}{}}}", config, chars), language});
  wirings.push_back({"advisory, pieces from 150 characters, encoder", "on: [input, output], stream: advisory, " + config + "150}", "fr"});
  for (const Wiring& wiring : wirings) {
    const auto guard = guard_of(wiring, clock, encoders);
    guard::Turn turn;
    turn.conversation = std::make_shared<guard::Conversation>(random_key());
    turn.context.language = wiring.language;
    std::vector<double> mean, longest, cpu;
    for (int i = 0; i < (table.is_smoke() ? 2 : 21); ++i) {
      const Delays delays = stream(*guard, turn, deltas);
      mean.push_back(delays.mean_ms);
      longest.push_back(delays.max_ms);
      cpu.push_back(delays.cpu_ms);
    }
    table.print(
        {.figure = "learned filter on " + wiring.words, .unit = "ms", .measured = estimate(mean), .detail = "mean delay of a byte"});
    table.print({.figure = "", .unit = "ms", .measured = estimate(longest), .detail = "longest"});
    table.print(
        {.figure = "", .unit = "ms", .measured = estimate(cpu), .detail = fmt::format("CPU of the guard, {} deltas", deltas.size())});
  }
}

}  // namespace steward::bench
