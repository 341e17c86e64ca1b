// gateway_bench: the mock upstream and the load of the gateway benches (bench/gateway/README.md). Prints one line of JSON.
//   gateway_bench mock    --port P                                       until its input ends
//   gateway_bench load    --port GATEWAY --model M --connections N --seconds S
//   gateway_bench learn   --mock-port P --port GATEWAY --model M --schedule FILE
//   gateway_bench streams --mock-port P --port GATEWAY --model M --schedule FILE --lanes N --gap-us G --seconds S
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

#include <fmt/format.h>

#include "bench/gateway/load.h"
#include "bench/gateway/mock_upstream.h"
#include "bench/gateway/streams.h"

namespace steward::bench {
namespace {

class Arguments {
 public:
  Arguments(int count, char** words) {
    for (int i = 2; i + 1 < count; i += 2) values_[words[i]] = words[i + 1];
  }
  std::string text(const std::string& name, const std::string& otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
  }
  double number(const std::string& name, double otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : std::atof(found->second.c_str());
  }

 private:
  std::map<std::string, std::string> values_;
};

double us(std::int64_t ns) { return static_cast<double>(ns) * 1e-3; }

int mock(const Arguments& arguments) {
  MockOptions options;
  options.port = static_cast<std::uint16_t>(arguments.number("--port", 0));
  const MockUpstream upstream(options);
  fmt::print("{{\"port\": {}}}\n", upstream.port());
  std::fflush(stdout);
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) > 0) continue;
  return 0;
}

int load(const Arguments& arguments) {
  LoadOptions options;
  options.port = static_cast<std::uint16_t>(arguments.number("--port", 0));
  options.model = arguments.text("--model", options.model);
  options.connections = static_cast<int>(arguments.number("--connections", 1));
  options.seconds = arguments.number("--seconds", 1);
  const LoadResult result = run_load(options);
  fmt::print("{{\"answered\": {}, \"failed\": {}, \"seconds\": {:.4f}, \"p50_us\": {:.1f}, \"p99_us\": {:.1f}}}\n", result.answered,
             result.failed, result.seconds, us(quantile(result.latencies_ns, 0.5)), us(quantile(result.latencies_ns, 0.99)));
  return 0;
}

StreamOptions stream_options(const Arguments& arguments) {
  StreamOptions options;
  options.port = static_cast<std::uint16_t>(arguments.number("--port", 0));
  options.model = arguments.text("--model", options.model);
  options.lanes = static_cast<int>(arguments.number("--lanes", 1));
  options.seconds = arguments.number("--seconds", 1);
  return options;
}

MockOptions mock_options(const Arguments& arguments, const StreamOptions& options, double gap_us) {
  MockOptions out;
  out.port = static_cast<std::uint16_t>(arguments.number("--mock-port", 0));
  out.gap_ns = static_cast<std::int64_t>(gap_us * 1e3);
  out.lanes = static_cast<std::size_t>(options.lanes);
  return out;
}

int learn(const Arguments& arguments) {
  constexpr double kLearningGapUs = 30'000;
  const StreamOptions options = stream_options(arguments);
  MockUpstream upstream(mock_options(arguments, options, kLearningGapUs));
  const StreamResult result = learn_schedule(upstream, options);
  std::ofstream file(arguments.text("--schedule", "schedule.txt"));
  for (const std::size_t delta : result.schedule) file << delta << '\n';
  fmt::print("{{\"streams\": {}, \"failed\": {}, \"bytes\": {}}}\n", result.streams, result.failed, result.schedule.size());
  return result.failed == 0 ? 0 : 1;
}

int streams(const Arguments& arguments) {
  Schedule schedule;
  std::ifstream file(arguments.text("--schedule", "schedule.txt"));
  for (std::size_t delta = 0; file >> delta;) schedule.push_back(delta);
  const StreamOptions options = stream_options(arguments);
  MockUpstream upstream(mock_options(arguments, options, arguments.number("--gap-us", 10'000)));
  const StreamResult result = run_streams(upstream, options, schedule);
  fmt::print(
      "{{\"streams\": {}, \"deltas\": {}, \"failed\": {}, \"early\": {}, \"samples\": {}, \"p50_us\": {:.1f}, \"p99_us\": {:.1f}, "
      "\"held_p50\": {}, \"held_max\": {}}}\n",
      result.streams, result.deltas, result.failed, result.early, result.delays_ns.size(), us(quantile(result.delays_ns, 0.5)),
      us(quantile(result.delays_ns, 0.99)), quantile(result.held_bytes, 0.5), quantile(result.held_bytes, 1));
  return 0;
}

}  // namespace
}  // namespace steward::bench

int main(int count, char** words) {
  using namespace steward::bench;
  const std::string command = count > 1 ? words[1] : "";
  const Arguments arguments(count, words);
  if (command == "mock") return mock(arguments);
  if (command == "load") return load(arguments);
  if (command == "learn") return learn(arguments);
  if (command == "streams") return streams(arguments);
  std::fprintf(stderr, "gateway_bench mock | load | learn | streams (see bench/gateway/README.md)\n");
  return 2;
}
