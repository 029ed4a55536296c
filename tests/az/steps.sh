# One step: a command, the exit code it must have, and what must hold of its answer. Sourced by run.sh.
#
#   step NAME EXIT CHECK COMMAND...
#
# CHECK is a Python expression over `out`: the answer as JSON, or as text where it is none.
passed=0
failed=0
table=$work/table
answer=$work/answer

az() { "$AZ" "$@"; }

step() {
  local name=$1 code=$2 check=$3 got verdict
  shift 3
  "$@" >"$answer" 2>"$work/complaint"
  got=$?
  if [ "$got" -ne "$code" ]; then
    verdict="exit $got, not $code: $(grep -v '^WARNING' "$work/complaint" | head -c 600)"
  elif ! verdict=$(judge "$check" 2>&1); then
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

judge() {
  python3 - "$answer" "$work/complaint" "$1" <<'PY'
import json, sys
text = open(sys.argv[1]).read()
complaint = open(sys.argv[2]).read()
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

# What the emulator serves at an address with a real name, as a browser sees it.
page() { curl --silent --max-time 20 --proxy "$HTTPS_PROXY" --cacert "$REQUESTS_CA_BUNDLE" "$@"; }

summary() {
  echo
  echo "== $((passed + failed)) steps: $passed passed, $failed failed"
  grep -A 1 FAILED "$table"
  [ "$failed" -eq 0 ]
  exit
}
