#!/usr/bin/env bash
# bench/tune/run.sh [--rounds N] [--steps N] [--sequences N] [--length N] [--threads N]: training steps of the trainer against PyTorch with
# PEFT and TRL, in one run. Makes a virtual environment under $STEWARD_CACHE once (5 GB: all of PyTorch's wheel needs its CUDA libraries).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$(dirname "$here")")
source "$root/build/deps.env"
source "$root/bench/venv.sh"
make_venv tune "$here/requirements.txt"
"$root/tools/build.sh" release tune_bench >/dev/null
exec "$venv/bin/python" "$here/compare.py" "$root/build/release/tune_bench" "$STEWARD_MODELS_DIR/SmolLM2-135M-Instruct.Q8_0.gguf" "$@"
