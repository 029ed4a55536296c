#!/usr/bin/env bash
# Azure's clients for Python against the embedded Azure: create, get, list (with its pager), update,
# actions and delete of each service, and a judge of the traffic. See docs/emulator.md.
#
#   tests/sdk/run.sh                 everything; exit 1 when a path fails
#   PYTHON=path tests/sdk/run.sh     a Python that has the clients (requirements.txt)
#   EMULATOR=path ...                a built emulator instead of `cargo build`
#   VALIDATE_ARM=path ...            the validator that judges the traffic (tests/wire/judge.py)
#   INSTALL_ONLY=1 ...               installs the clients and no more
#   KEEP=1 ...                       leaves the folder of logs behind
#
# Without PYTHON the clients go into a virtual environment; where the package registry cannot be reached
# it says "skipped" and exits 0.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
. "$top/tests/wire/emulator.sh"

finish() {
  stop_emulator
  if [ -n "${KEEP:-}" ]; then echo "kept: $work"; else rm -rf "$work"; fi
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

[ -z "${INSTALL_ONLY:-}" ] || exit 0
start_emulator
point_clients_at_it
ENDPOINT=$endpoint "$PYTHON" "$here/run.py"
paths_hold=$?
judge_traffic && [ "$paths_hold" -eq 0 ]
exit
