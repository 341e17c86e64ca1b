#!/usr/bin/env bash
# Installs LiteLLM's proxy, every package of it pinned by version and sha256, into $STEWARD_CACHE, for bench/gateway/run.py litellm.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
place=${STEWARD_CACHE:-$HOME/.cache/steward}/bench-litellm-1.106.2
[[ -f $place/ready ]] && exit 0
python3 -m venv "$place"
"$place/bin/pip" --disable-pip-version-check -q install --require-hashes -r "$here/litellm-requirements.txt"
touch "$place/ready"
