// components_bench [--smoke] [guards | blocklist | fold | ledger | encoder | streams]…: prints a table of figures and goals
// (bench/README.md). components_bench scan pii|lexicon FILE: for bench/peers/peers.py. components_bench encode MODEL TOKENS: for
// bench/encoder/compare.py.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench/components/benches.h"
#include "steward/core/files.h"

namespace steward::bench {

std::string read_text(const std::string& name) {
  auto text = read_file(std::string(STEWARD_SOURCE_DIR "/bench/texts/") + name);
  if (!text) {
    std::fprintf(stderr, "%s\n", text.error().message.c_str());
    std::exit(2);
  }
  return *std::move(text);
}

}  // namespace steward::bench

int main(int count, char** words) {
  using namespace steward::bench;
  std::vector<std::string> names(words + 1, words + count);
  if (names.size() == 3 && names[0] == "scan") return serve_scans(names[1], names[2]);
  if (names.size() == 3 && names[0] == "encode") return serve_encodes(names[1], std::strtoul(names[2].c_str(), nullptr, 10));
  auto length = Table::Length::kWhole;
  if (!names.empty() && names[0] == "--smoke") {
    length = Table::Length::kSmoke;
    names.erase(names.begin());
  }
  Table table(length, names);
  if (table.wants("guards")) bench_guards(table);
  if (table.wants("blocklist")) bench_blocklist(table);
  if (table.wants("fold")) bench_fold(table);
  if (table.wants("ledger")) bench_ledger(table);
  if (table.wants("encoder")) bench_encoder(table);
  if (table.wants("streams")) bench_streams(table);
  return 0;
}
