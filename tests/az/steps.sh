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
  local name=$1 code=$2 check=$3 got verdict=
  shift 3
  "$@" >"$answer" 2>"$complaint"
  got=$?
  if [ "$got" -ne "$code" ]; then
    verdict="exit $got, not $code: $(grep -v '^WARNING' "$complaint" | head -c 600)"
  elif ! verdict=$(holds "$check" 2>&1); then
    verdict="not so: $check: $verdict"
  fi
  if [ -z "$verdict" ]; then
    passed=$((passed + 1))
    printf '  ok      %s\n' "$name" | tee -a "$table"
  else
    failed=$((failed + 1))
    printf '  FAILED  %s\n            %s\n' "$name" "$verdict" | tee -a "$table"
  fi
}

holds() {
  python3 - "$answer" "$complaint" "$1" <<'PY'
import json, sys
text, complaint = (open(name).read() for name in sys.argv[1:3])
try:
    out = json.loads(text)
except ValueError:
    out = text.strip()
names = lambda: sorted(one["name"] for one in out)
try:
    holds = eval(sys.argv[3])
except Exception as error:
    sys.exit(f"{error!r} in {str(out)[:300]}")
if not holds:
    sys.exit(str(out)[:400] or complaint[:400])
PY
}

# A member of the last answer.
field() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$answer" "$1"; }

# A client of registries that is not ours; without one, nothing is pushed to the app's own registry.
has_skopeo() { command -v skopeo >/dev/null; }

# What the emulator serves at an address with a real name, as a browser sees it.
page() { curl --silent --max-time 20 --proxy "$HTTPS_PROXY" --cacert "$REQUESTS_CA_BUNDLE" "$@"; }

summary() {
  echo
  echo "== $((passed + failed)) steps: $passed passed, $failed failed"
  grep -A 1 FAILED "$table"
  [ "$failed" -eq 0 ]
}
