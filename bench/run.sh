#!/usr/bin/env bash
# bench/run.sh components [guards | blocklist | fold | ledger | encoder | streams | peers | onnx]…: measures the parts against their goals (bench/README.md).
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-components}
(($# > 0)) && shift
case $what in
  components)
    tools/build.sh release components_bench
    names=() peers=no onnx=no
    (($# == 0)) && peers=yes onnx=yes
    for name in "$@"; do
      if [[ $name == peers ]]; then peers=yes; elif [[ $name == onnx ]]; then onnx=yes; else names+=("$name"); fi
    done
    if (($# == 0 || ${#names[@]} > 0)); then (cd build && release/components_bench "${names[@]}"); fi
    if [[ $peers == yes ]]; then bench/peers/run.sh; fi
    if [[ $onnx == yes ]]; then bench/encoder/run.sh; fi
    ;;
  *)
    echo "bench: say bench/run.sh components" >&2
    exit 2
    ;;
esac
