#pragma once

#include <string>

#include "bench/components/ratio.h"

namespace steward::bench {

/// A text of bench/texts.
std::string read_text(const std::string& name);

void bench_guards(Table& table);
void bench_blocklist(Table& table);
void bench_fold(Table& table);
void bench_ledger(Table& table);
void bench_encoder(Table& table);
void bench_streams(Table& table);

/// For peers in other languages: reads "TIMES\n" lines and answers each with the nanoseconds of CPU that one scan of the text at `path`
/// took. `what`: pii | lexicon.
int serve_scans(const std::string& what, const std::string& path);
/// The same for a text of `tokens` tokens through the encoder at `path`.
int serve_encodes(const std::string& path, std::size_t tokens);

}  // namespace steward::bench
