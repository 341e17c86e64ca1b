#!/usr/bin/env bash
# The sentence encoder against onnxruntime's int8, in one run. Makes a virtual environment under $STEWARD_CACHE once.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$(dirname "$here")")
source "$root/build/deps.env"
venv=$STEWARD_CACHE/bench-encoder-$(sha256sum "$here/requirements.txt" | cut -c1-12)
if [[ ! -f $venv/ready ]]; then
  echo "bench: installing onnxruntime (once)"
  python3 -m venv "$venv"
  "$venv/bin/pip" --disable-pip-version-check -q install --require-hashes -r "$here/requirements.txt"
  touch "$venv/ready"
fi
"$root/tools/build.sh" release components_bench >/dev/null
exec "$venv/bin/python" "$here/compare.py" "$root/build/release/components_bench" "$STEWARD_MODELS_DIR/minilm-l6.gguf"
