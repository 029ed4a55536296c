#!/usr/bin/env bash
# Azure's management clients for Python against the embedded Azure: create, get, list (with its pager),
# update, actions and delete of each. See docs/emulator.md.
#
#   tests/sdk/run.sh                 everything; exit 1 when a path fails
#   PYTHON=path tests/sdk/run.sh     a Python that has the clients (requirements.txt)
#   EMULATOR=path ...                a built emulator instead of `cargo build`
#
# Without PYTHON the clients go into a virtual environment; where the package registry cannot be reached
# it says "skipped" and exits 0.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
server=
finish() {
  [ -n "$server" ] && kill "$server" 2>/dev/null
  rm -rf "$work"
}
trap finish EXIT

if [ -z "${PYTHON:-}" ]; then
  venv=${SDK_VENV:-$top/target/sdk-venv}
  PYTHON=$venv/bin/python
  if ! { [ -x "$PYTHON" ] || python3 -m venv "$venv"; } >"$work/install.log" 2>&1 ||
    ! "$PYTHON" -m pip install --quiet -r "$here/requirements.txt" >>"$work/install.log" 2>&1; then
    echo "skipped: the clients are not installed and cannot be: $(tail -n 1 "$work/install.log")"
    exit 0
  fi
fi
if [ -z "${EMULATOR:-}" ]; then
  cargo build --quiet --manifest-path "$top/Cargo.toml" -p lazuli-emulator || exit 1
  EMULATOR=${CARGO_TARGET_DIR:-$top/target}/debug/lazuli-emulator
fi

"$EMULATOR" serve --listen 127.0.0.1:0 --cert-dir "$work" >"$work/out" 2>"$work/err" &
server=$!
until grep -q '^endpoint:' "$work/out"; do
  kill -0 "$server" 2>/dev/null || { cat "$work/err"; exit 1; }
  sleep 0.1
done
unset HTTPS_PROXY HTTP_PROXY ALL_PROXY https_proxy http_proxy all_proxy
ENDPOINT=$(sed -n 's/^endpoint: *//p' "$work/out") REQUESTS_CA_BUNDLE=$work/ca.pem "$PYTHON" "$here/paths.py"
