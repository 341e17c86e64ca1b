#!/usr/bin/env bash
# Builds llama-server from the source that the embedded engine is built from, with the same flags, into $STEWARD_CACHE, for
# bench/gateway/generation.py. Ten minutes on two cores.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
source "$root/build/deps.env"
source "$root/tools/deps.env"
place=$STEWARD_CACHE/bench-server-$(basename "$STEWARD_LLAMA_PREFIX")
[[ -x $place/llama-server ]] && exit 0
work=$(mktemp -d "$STEWARD_CACHE/server-build.XXXXXX")
trap 'rm -rf "$work"' EXIT
export CCACHE_BASEDIR=$work CCACHE_NOHASHDIR=1
[[ $(sha256sum "$STEWARD_CACHE/downloads/$LLAMA_SDIST" | cut -d' ' -f1) == "$LLAMA_SDIST_SHA256" ]] ||
  { echo "llama_server: $LLAMA_SDIST is missing or another file: run make setup with an empty cache" >&2; exit 1; }
tar xzf "$STEWARD_CACHE/downloads/$LLAMA_SDIST" -C "$work" --strip-components=1
cmake -S "$work/vendor/llama.cpp" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF \
  -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
  -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DGGML_NATIVE=ON -DGGML_OPENMP=OFF -DGGML_CCACHE=OFF -DLLAMA_OPENSSL=OFF \
  -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF >"$work/log" 2>&1 &&
  nice -n 10 ninja -C "$work/build" -j2 llama-server >>"$work/log" 2>&1 || { tail -30 "$work/log" >&2; exit 1; }
mkdir -p "$place"
cp "$work/build/bin/llama-server" "$place/llama-server"
