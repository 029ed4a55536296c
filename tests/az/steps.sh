# One step: a command, the exit code it must have, and what must hold of its answer. Sourced by run.sh.
#
#   step NAME EXIT CHECK COMMAND...
#
# CHECK is a Python expression over `out`: the answer as JSON, or as text where it is none; and over
# `complaint`: what the command wrote to its standard error.
passed=0
failed=0
table=$work/table
answer=$work/answer
complaint=$work/complaint

# One process for all commands, when the Python of the CLI is beside it (see one_process.py).
start_az() {
  local python
  python=$(dirname "$(readlink -f "$AZ")")/python3
  [ -z "${SEPARATE:-}" ] && "$python" -c 'import azure.cli.core' 2>/dev/null || return 0
  coproc ONE { exec "$python" "$here/one_process.py" 2>"$work/one_process.err"; }
}

az() {
  local code
  [ -n "${ONE_PID:-}" ] || { "$AZ" "$@"; return; }
  printf '%s\0' $# "$answer" "$complaint" "$PWD" "$@" >&"${ONE[1]}"
  read -r code <&"${ONE[0]}" || { cat "$work/one_process.err"; exit 1; }
  return "$code"
}

step() {
  local name=$1 code=$2 check=$3 got verdict why
  shift 3
  "$@" >"$answer" 2>"$complaint"
  got=$?
  if [ "$got" -ne "$code" ]; then
    verdict="exit $got, not $code: $(grep -v '^WARNING' "$complaint" | head -c 600)"
  else
    judge "$check"
    verdict=${why:+not so: $check: $why}
  fi
  if [ -z "$verdict" ]; then
    passed=$((passed + 1))
    printf '  ok      %s\n' "$name" | tee -a "$table"
  else
    failed=$((failed + 1))
    printf '  FAILED  %s\n            %s\n' "$name" "$verdict" | tee -a "$table"
  fi
}

# Sets `why` to the reason that a check does not hold, or to nothing. In this shell: the one process is not
# in reach of another.
judge() {
  if [ -z "${ONE_PID:-}" ]; then
    why=$(python3 "$here/check.py" "$answer" "$complaint" "$1" 2>&1)
    return
  fi
  printf '%s\0' check "$answer" "$complaint" "$1" >&"${ONE[1]}"
  read -r why <&"${ONE[0]}" || why="the judge is gone"
}

# A member of the last answer.
field() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$answer" "$1"; }

# A client of registries that is not ours; without one, nothing is pushed to the app's own registry.
has_skopeo() {
  command -v skopeo >/dev/null && return
  [ -n "${skopeo_missed:-}" ] || echo "  skipped: what a registry client does, as there is no skopeo"
  skopeo_missed=1
  return 1
}

# What the emulator serves at an address with a real name, as a browser sees it.
page() { curl --silent --max-time 20 --proxy "$HTTPS_PROXY" --cacert "$REQUESTS_CA_BUNDLE" "$@"; }

summary() {
  echo
  echo "== $((passed + failed)) steps: $passed passed, $failed failed"
  grep -A 1 FAILED "$table"
  [ "$failed" -eq 0 ]
}
