#!/usr/bin/env bash
# `pii` and `lexicon` against what Python offers, over one text in one run. Makes a virtual environment under $STEWARD_CACHE once.
# bench/peers/run.sh SCRIPT: runs another script in it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$(dirname "$here")")
source "$root/build/deps.env"
venv=$STEWARD_CACHE/bench-peers-$(sha256sum "$here/requirements.txt" | cut -c1-12)
if [[ ! -f $venv/ready ]]; then
  echo "bench: installing the Python peers (once)"
  python3 -m venv "$venv"
  "$venv/bin/pip" --disable-pip-version-check -q install --require-hashes -r "$here/requirements.txt"
  touch "$venv/ready"
fi
if (($# > 0)); then exec "$venv/bin/python" "$root/$1"; fi
"$root/tools/build.sh" release components_bench >/dev/null
exec "$venv/bin/python" "$here/peers.py" "$root/build/release/components_bench"
