#!/usr/bin/env bash
# bench/gateway/run.sh [arguments of run.py]: installs what only the benches need, builds in release, runs.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
"$root/tools/setup.sh" packages-bench.txt
"$root/tools/build.sh" release steward gateway_bench >/dev/null
source "$root/build/deps.env"
export STEWARD_CACHE STEWARD_MODELS_DIR
for word in "$@"; do [[ $word == litellm ]] && "$root/bench/gateway/litellm.sh"; done
exec python3 "$root/bench/gateway/run.py" "$@"
