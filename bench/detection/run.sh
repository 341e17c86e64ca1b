#!/usr/bin/env bash
# bench/detection/run.sh train | evaluate: trains the detection models, or makes docs/detection.md (bench/README.md).
set -euo pipefail
cd "$(dirname "$0")/../.."
source build/deps.env
export OMP_NUM_THREADS=1
case ${1:-} in
  train)
    build/release/steward classify train --encoder "$STEWARD_MODELS_DIR/e5-small.gguf"
    ;;
  evaluate)
    build/release/steward classify evaluate --encoder "$STEWARD_MODELS_DIR/e5-small.gguf" --out docs/detection.md
    {
      echo
      echo "## A peer on the same texts"
      echo
      bench/peers/run.sh bench/detection/peers.py
    } >>docs/detection.md
    ;;
  *)
    echo "bench: say bench/detection/run.sh train or evaluate" >&2
    exit 2
    ;;
esac
