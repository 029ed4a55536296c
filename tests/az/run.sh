#!/usr/bin/env bash
# The real Azure CLI against the embedded Azure: the commands of the walkthrough that Lazuli grew out of
# (docs/emulator.md), and what people do with such an environment afterwards.
#
#   tests/az/run.sh              everything; exit 1 when a step fails
#   AZ=path tests/az/run.sh      with an installed CLI instead of the one on PATH
#   EMULATOR=path ...            with a built emulator instead of `cargo build`
#   KEEP=1 ...                   leaves the folder of answers and logs behind
#
# Without a CLI it installs one into a virtual environment of its own (some 500 MB); where the package
# registry cannot be reached it says "skipped" and exits 0. A run takes several minutes: each command
# of the CLI costs seconds.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
server=

finish() {
  [ -n "$server" ] && kill "$server" 2>/dev/null
  if [ -n "${KEEP:-}" ]; then echo "kept: $work"; else rm -rf "$work"; fi
}
trap finish EXIT

find_az() {
  [ -n "${AZ:-}" ] && return
  AZ=$(command -v az) && return
  local venv=${AZ_VENV:-$top/target/az-venv}
  AZ=$venv/bin/az
  [ -x "$AZ" ] && return
  echo "installing azure-cli into $venv"
  if ! { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet azure-cli; } >"$work/install.log" 2>&1; then
    echo "skipped: azure-cli is not installed and cannot be: $(tail -n 1 "$work/install.log")"
    exit 0
  fi
}

start_emulator() {
  if [ -z "${EMULATOR:-}" ]; then
    cargo build --quiet --manifest-path "$top/Cargo.toml" -p lazuli-emulator || exit 1
    EMULATOR=${CARGO_TARGET_DIR:-$top/target}/debug/lazuli-emulator
  fi
  "$EMULATOR" serve --listen 127.0.0.1:0 --cert-dir "$work/certs" --request-log "$work/requests.jsonl" \
    >"$work/emulator.out" 2>"$work/emulator.err" &
  server=$!
  until grep -q '^endpoint:' "$work/emulator.out"; do
    kill -0 "$server" 2>/dev/null || { cat "$work/emulator.err"; exit 1; }
    sleep 0.1
  done
  endpoint=$(sed -n 's/^endpoint: *//p' "$work/emulator.out")
}

# A configuration of its own, and the way through the emulator for hosts with real names.
point_az_at_it() {
  export AZURE_CONFIG_DIR=$work/azure REQUESTS_CA_BUNDLE=$work/certs/ca.pem
  export AZURE_CORE_COLLECT_TELEMETRY=no AZURE_CORE_INSTANCE_DISCOVERY=false AZURE_CORE_NO_COLOR=true
  export HTTPS_PROXY=${endpoint/https:/http:} NO_PROXY=127.0.0.1,localhost
  unset https_proxy http_proxy HTTP_PROXY ALL_PROXY all_proxy no_proxy
}

find_az
start_emulator
point_az_at_it
. "$here/steps.sh"
. "$here/walkthrough.sh"
. "$here/afterwards.sh"
summary
