#!/usr/bin/env bash
# bench/run.sh components [guards | blocklist | fold | ledger | peers]…: measures the parts against their goals (bench/README.md).
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-components}
(($# > 0)) && shift
case $what in
  components)
    tools/build.sh release components_bench
    names=() peers=no
    (($# == 0)) && peers=yes
    for name in "$@"; do
      if [[ $name == peers ]]; then peers=yes; else names+=("$name"); fi
    done
    if (($# == 0 || ${#names[@]} > 0)); then (cd build && release/components_bench "${names[@]}"); fi
    if [[ $peers == yes ]]; then bench/peers/run.sh; fi
    ;;
  *)
    echo "bench: say bench/run.sh components" >&2
    exit 2
    ;;
esac
