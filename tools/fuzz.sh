#!/usr/bin/env bash
# Each fuzz target with libFuzzer, SECONDS_EACH seconds (60), on its corpus. New inputs go to build/fuzz/corpus; a crash stops it and names its input.
set -euo pipefail
cd "$(dirname "$0")/.."
source build/deps.env
targets=$(git ls-files '*_fuzz.cpp' | xargs -n1 basename -s .cpp)
tools/build.sh fuzz $targets
for target in $targets; do
  echo "== $target"
  mkdir -p "build/fuzz/corpus/$target"
  "build/fuzz/$target" -max_total_time="${SECONDS_EACH:-60}" -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/$target-" "build/fuzz/corpus/$target" "fuzz/corpus/$target" 2>&1 | tail -12
done
