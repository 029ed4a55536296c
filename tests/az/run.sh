#!/usr/bin/env bash
# The real Azure CLI against the embedded Azure: the commands of the walkthrough that Lazuli grew out of
# (docs/emulator.md), what people do with such an environment afterwards, and a judge of the traffic.
#
#   tests/az/run.sh              everything; exit 1 when a step fails
#   AZ=path tests/az/run.sh      with an installed CLI instead of the one on PATH
#   EMULATOR=path ...            with a built emulator instead of `cargo build`
#   SEPARATE=1 ...               a process for each command, as a person has it: minutes more
#   VALIDATE_ARM=path ...        the validator that judges the traffic (tests/wire/judge.py)
#   INSTALL_ONLY=1 ...           installs the CLI and no more
#   KEEP=1 ...                   leaves the folder of answers and logs behind
#
# Without a CLI it installs one into a virtual environment of its own (some 500 MB); where the package
# registry cannot be reached it says "skipped" and exits 0.
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

# The version that the expectations were written for.
version=2.91.0

find_az() {
  [ -n "${AZ:-}" ] && return
  AZ=$(command -v az) && return
  local venv=${AZ_VENV:-$top/target/az-venv}
  AZ=$venv/bin/az
  [ -x "$AZ" ] && return
  echo "installing azure-cli into $venv"
  if ! { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet "azure-cli==$version"; } >"$work/install.log" 2>&1; then
    echo "skipped: azure-cli is not installed and cannot be: $(tail -n 1 "$work/install.log")"
    exit 0
  fi
}

# A configuration of its own, and nothing but this emulator to talk to.
configure_az() {
  export AZURE_CONFIG_DIR=$work/azure
  export AZURE_CORE_COLLECT_TELEMETRY=no AZURE_CORE_INSTANCE_DISCOVERY=false AZURE_CORE_NO_COLOR=true
}

find_az
[ -z "${INSTALL_ONLY:-}" ] || exit 0
start_emulator
point_clients_at_it
configure_az
. "$here/steps.sh"
start_az
. "$here/walkthrough.sh"
. "$here/afterwards.sh"
. "$here/changing.sh"
. "$here/apart.sh"
summary
steps_hold=$?
judge_traffic && [ "$steps_hold" -eq 0 ]
exit
