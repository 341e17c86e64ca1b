#!/usr/bin/env bash
# bench/detection/run.sh train | tune | evaluate: trains the detection models, on the encoder as it is or on one that is tuned first
# (seven trainings of build/release/steward-tune, which go on where they were stopped), or makes docs/detection.md (bench/README.md).
set -euo pipefail
cd "$(dirname "$0")/../.."
source build/deps.env
export OMP_NUM_THREADS=1 STEWARD_MODELS_DIR
runs=runs/detection
tuned=()
[[ -f models/detection/trunk.gguf ]] && tuned=(--tuned "$runs")
tune() { # NAME FOLD
  [[ -f $runs/$1/heads.bin ]] && return
  local resume=()
  [[ -d $runs/$1 ]] && resume=(--resume)
  build/release/steward-tune classifier --config recipes/classifier.yaml --set "data.fold=$2" --set "run.folder=$runs/$1" "${resume[@]}"
}
case ${1:-} in
  train)
    build/release/steward classify train --encoder "$STEWARD_MODELS_DIR/e5-small.gguf"
    ;;
  tune)
    for fold in 0 1 2 3 4 5; do tune "fold-$fold" "$fold"; done
    tune all -1
    build/release/steward classify train --encoder "$STEWARD_MODELS_DIR/e5-small.gguf" --tuned "$runs"
    ;;
  evaluate)
    build/release/steward classify evaluate --encoder "$STEWARD_MODELS_DIR/e5-small.gguf" "${tuned[@]}" --out docs/detection.md
    {
      echo
      echo "## A peer on the same texts"
      echo
      bench/peers/run.sh bench/detection/peers.py
    } >>docs/detection.md
    ;;
  *)
    echo "bench: say bench/detection/run.sh train, tune or evaluate" >&2
    exit 2
    ;;
esac
