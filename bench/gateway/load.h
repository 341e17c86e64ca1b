#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace steward::bench {

struct LoadOptions {
  std::uint16_t port = 0;
  std::string model = "mock";
  int connections = 1;
  double seconds = 1;
};

struct LoadResult {
  std::int64_t answered = 0;
  std::int64_t failed = 0;  ///< answers other than 200, and connections that ended
  double seconds = 0;
  std::vector<std::int64_t> latencies_ns;  ///< of the answered, sorted
};

/// A chat request of about 1.1 KB. `serial` makes its message a new one; a conversation has eight of them.
std::string chat_request(const std::string& model, int client, std::int64_t serial);

/// Closed loop on one thread: each connection sends its next request when the answer to the last one has come.
LoadResult run_load(const LoadOptions& options);

/// The value below which `share` of the sorted values lie; 0 for none.
std::int64_t quantile(const std::vector<std::int64_t>& sorted, double share);

}  // namespace steward::bench
