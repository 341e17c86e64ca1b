# Sourced by benches that need Python packages: make_venv NAME REQUIREMENTS sets `venv` to a virtual environment under $STEWARD_CACHE that has
# what the file pins, and makes it once.
make_venv() {
  venv=$STEWARD_CACHE/bench-$1-$(sha256sum "$2" | cut -c1-12)
  [[ -f $venv/ready ]] && return
  echo "bench: installing the Python packages of $1 (once)" >&2
  python3 -m venv "$venv"
  "$venv/bin/pip" --disable-pip-version-check -q install --require-hashes -r "$2"
  touch "$venv/ready"
}
