#!/usr/bin/env bash
# bench/tune/tokenizers.sh: are the ids of exported tokenizers those of llama.cpp? Needs build/release with the trainer (make tune).
set -euo pipefail
cd "$(dirname "$0")/../.."
source build/deps.env
source bench/venv.sh
tools/build.sh release tokenizer_ids
make_venv tokenizers bench/tune/tokenizer_requirements.txt
"$venv/bin/python" bench/tune/tokenizer_check.py build/release/tokenizer_ids "$STEWARD_MODELS_DIR/SmolLM2-135M-Instruct.Q8_0.gguf"
