#!/usr/bin/env bash
# `pii` and `lexicon` against what Python offers, over one text in one run. Makes a virtual environment under $STEWARD_CACHE once.
# bench/peers/run.sh SCRIPT: runs another script in it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$(dirname "$here")")
source "$root/build/deps.env"
source "$root/bench/venv.sh"
make_venv peers "$here/requirements.txt"
if (($# > 0)); then exec "$venv/bin/python" "$root/$1"; fi
"$root/tools/build.sh" release components_bench >/dev/null
exec "$venv/bin/python" "$here/peers.py" "$root/build/release/components_bench"
