#!/usr/bin/env bash
# The sentence encoder against onnxruntime's int8, in one run. Makes a virtual environment under $STEWARD_CACHE once.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$(dirname "$here")")
source "$root/build/deps.env"
source "$root/bench/venv.sh"
make_venv encoder "$here/requirements.txt"
"$root/tools/build.sh" release components_bench >/dev/null
exec "$venv/bin/python" "$here/compare.py" "$root/build/release/components_bench" "$STEWARD_MODELS_DIR/minilm-l6.gguf"
