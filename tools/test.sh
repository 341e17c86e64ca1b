#!/usr/bin/env bash
# Every test, in the order of how soon they tell something. `make test` calls it.
set -euo pipefail
cd "$(dirname "$0")/.."
source build/deps.env
export STEWARD_MODELS_DIR
export CTEST_OUTPUT_ON_FAILURE=1
echo "== ASan + UBSan: the whole C++ suite"
tools/build.sh asan
ctest --test-dir build/asan -j2
echo "== TSan: what runs on several threads"
concurrent=(core ledger net guard model gateway app)
tools/build.sh tsan "${concurrent[@]/%/_test}"
# Not what one thread does alone.
GTEST_FILTER='-Evasion.*:ShippedPolicies.*:ClassifyCommand.*:SensitiveTopics.*' ctest --test-dir build/tsan -j2 -R "^($(IFS='|'; echo "${concurrent[*]}"))\$"
echo "== The release program: real clients, real model"
tools/build.sh release steward
tests/clients/run.sh
echo "== kill -9 under load: the ledger keeps every answered turn"
tests/crash/kill_under_load.py --rounds "${STEWARD_CRASH_ROUNDS:-100}"
