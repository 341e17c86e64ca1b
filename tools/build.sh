#!/usr/bin/env bash
# tools/build.sh PRESET [ninja targets]: configures (once) and builds into build/PRESET.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
preset=$1
shift
source build/deps.env
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-4G}
export CCACHE_SLOPPINESS=pch_defines,time_macros  # or precompiled headers are never cached
cmake --preset "$preset" -DSTEWARD_LLAMA_PREFIX="$STEWARD_LLAMA_PREFIX" -DSTEWARD_MODELS_DIR="$STEWARD_MODELS_DIR" \
  -DSTEWARD_TORCH_ROOT="${STEWARD_TORCH_ROOT:-}" >"build/$preset.log" 2>&1 ||
  { tail -30 "build/$preset.log" >&2; exit 1; }
ninja -C "build/$preset" -j2 "$@"
