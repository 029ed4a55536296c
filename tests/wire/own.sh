#!/usr/bin/env bash
# Lazuli's own traffic: programs of the examples against the server, up, refresh and destroy, with every
# request and answer judged.
#
#   tests/wire/own.sh                 exit 1 when a command fails or the traffic deviates
#   PROGRAMS=folder EMULATOR=path ... built programs instead of `cargo build`
#   VALIDATE_ARM=path ...             the validator (judge.py); without one only the commands are run
#   KEEP=1 ...                        leaves the folder of logs behind
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
. "$here/emulator.sh"

finish() {
  stop_emulator
  if [ -n "${KEEP:-}" ]; then echo "kept: $work"; else rm -rf "$work"; fi
}
trap finish EXIT

examples=(private-webapp user-assigned-identity registry-credentials custom-registry)
if [ -z "${PROGRAMS:-}" ]; then
  cargo build --quiet --manifest-path "$top/Cargo.toml" "${examples[@]/#/--package=}" || exit 1
  PROGRAMS=${CARGO_TARGET_DIR:-$top/target}/debug
fi
start_emulator
export AZURE_TENANT_ID=11111111-1111-1111-1111-111111111111 AZURE_CLIENT_ID=33333333-3333-3333-3333-333333333333
export AZURE_CLIENT_SECRET=mock-secret
unset LAZULI_STACK LAZULI_CLOUD HTTPS_PROXY https_proxy

lazuli() {
  CARGO_MANIFEST_DIR=$top/examples/$example CARGO_PKG_NAME=$example \
    "$PROGRAMS/$example" "$@" --stack server --state-dir "$work/$example" --cloud "$endpoint" --ca-bundle "$work/certs/ca.pem" >"$work/output" 2>&1
  local code=$?
  if [ "$code" -eq 0 ]; then
    echo "  ok      $example $*"
  else
    echo "  FAILED  $example $*: exit $code"
    tail -n 20 "$work/output"
    exit 1
  fi
}

for example in "${examples[@]}"; do
  lazuli up --yes
  lazuli up --yes --refresh --expect-no-changes
  lazuli refresh --yes
  lazuli destroy --yes
done
judge_traffic --requests
