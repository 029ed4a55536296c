#!/usr/bin/env bash
# State in a real Azurite (the blob service's emulator by its vendor): a stack's whole life, killed runs, a lock
# that is taken away, wrong keys, and figures. See docs/state.md.
#
#   tests/state/azurite.sh                everything; exit 1 when something fails
#   AZURITE=path tests/state/azurite.sh   an azurite-blob that is installed
#   KILLS=n ...                           how many runs are killed (default 5)
#   RESOURCES=n ...                       how many resources the figures are measured with (default 1000)
#
# Without AZURITE it is installed by npm; where the registry cannot be reached it says "skipped" and exits 0.
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
fail() { echo "failed: $*"; tail -n 20 "$work/out" "$work/err" 2>/dev/null; exit 1; }

if [ -z "${AZURITE:-}" ]; then
  tools=$top/target/azurite
  AZURITE=$tools/node_modules/.bin/azurite-blob
  if ! [ -x "$AZURITE" ] && ! npm install --silent --prefix "$tools" azurite@3 >"$work/install.log" 2>&1; then
    echo "skipped: azurite is not installed and cannot be: $(tail -n 1 "$work/install.log")"
    exit 0
  fi
fi
cargo build --quiet --manifest-path "$top/Cargo.toml" -p private-webapp -p custom-provider || exit 1
built=${CARGO_TARGET_DIR:-$top/target}/debug

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
key=$(python3 -c 'import base64, os; print(base64.b64encode(os.urandom(64)).decode())')
AZURITE_ACCOUNTS="lazulitest:$key" "$AZURITE" --location "$work/data" --blobPort "$port" --silent \
  --skipApiVersionCheck --loose >"$work/azurite.log" 2>&1 &
server=$!
export AZURE_STORAGE_ENDPOINT=http://127.0.0.1:$port/lazulitest AZURE_STORAGE_ACCOUNT_KEY=$key
unset HTTPS_PROXY HTTP_PROXY ALL_PROXY https_proxy http_proxy all_proxy
python3 "$here/container.py" state || fail "the container cannot be made: $(cat "$work/azurite.log")"

export LAZULI_STATE=azblob://lazulitest/state/team LAZULI_PASSPHRASE="only for this test run"
# The program's own folder is read only here; everything else goes to a folder of the test.
web() { (cd "$top/examples/private-webapp" && exec "$built/private-webapp" --state-dir "$work/local" "$@") >"$work/out" 2>"$work/err"; }

echo "== a life"
web preview || fail "preview"
web up --yes || fail "up"
web up --yes --expect-no-changes || fail "nothing should have changed"
web stack || fail "stack"
grep -q secureacrweb2021 "$work/out" || fail "the stack is not listed"
web output url && grep -q secureacrweb2021 "$work/out" || fail "output"
web history && [ "$(grep -c succeeded "$work/out")" = 2 ] || fail "history"
web state lock && grep -q "nobody holds" "$work/out" || fail "the lock was not given back"

echo "== nothing in clear"
grep -rqa -e secureacr -e 'Microsoft\.' "$work/data/__blobstorage__" && fail "a name is in clear"

echo "== a wrong passphrase"
LAZULI_PASSPHRASE="quite another phrase" web up --yes && fail "a wrong passphrase was taken"
grep -q "passphrase is wrong" "$work/err" "$work/out" || fail "a wrong passphrase was not told"

echo "== another passphrase"
LAZULI_NEW_PASSPHRASE="the second one of them" web state rekey passphrase || fail "rekey"
web stack && fail "the former passphrase still opens"
LAZULI_PASSPHRASE="the second one of them"
web stack || fail "the new passphrase does not open"

echo "== killed runs"
for turn in $(seq "${KILLS:-5}"); do
  tag=lnx-v$((turn % 2 + 1))
  web up --yes --set "image_tag=$tag" &
  pid=$!
  sleep "0.$((RANDOM % 10))"
  pkill -9 -P "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
  web state unlock --yes || fail "unlock after kill $turn"
  web up --yes --set "image_tag=$tag" || fail "up after kill $turn"
  web up --yes --expect-no-changes --set "image_tag=$tag" || fail "not converged after kill $turn"
done

echo "== a lost state"
mv "$work/data" "$work/lost" 2>/dev/null
kill "$server"; wait "$server" 2>/dev/null
AZURITE_ACCOUNTS="lazulitest:$key" "$AZURITE" --location "$work/data" --blobPort "$port" --silent \
  --skipApiVersionCheck --loose >"$work/azurite.log" 2>&1 &
server=$!
python3 "$here/container.py" state || fail "the container cannot be made: $(cat "$work/azurite.log")"
web state rebuild --set "image_tag=$tag" || fail "rebuild"
grep -c "is recorded" "$work/out" | sed 's/$/ resources recorded/'
web up --yes --set "image_tag=$tag" || fail "up after the rebuilding"
web up --yes --expect-no-changes --set "image_tag=$tag" || fail "not converged after the rebuilding"
web destroy --yes || fail "destroy"

echo "== figures"
mkdir -p "$work/graph" && cd "$work/graph" || exit 1
count=${RESOURCES:-1000}
python3 -c "import json; print(json.dumps([{'id': f'r{n}', 'deps': [], 'lat_ms': 0, 'v': 1} for n in range($count)]))" >graph.json
bytes() { du -sb "$work/data/__blobstorage__" | cut -f1; }
for command in create plan apply destroy; do
  [ $command = apply ] && sed -i 's/"v": 1/"v": 2/g' graph.json
  before=$(bytes)
  began=$(date +%s%N)
  CLOUD_LOG=$work/cloud.log BENCH_PAR=64 "$built/custom-provider" $command >"$work/out" 2>"$work/err" || fail "$command of $count"
  took=$((($(date +%s%N) - began) / 1000000))
  echo "$command of $count resources: $took ms, $(($(bytes) - before)) bytes written, $(((($(bytes) - before)) / count)) a resource"
done
[ "$(grep -c '^create' "$work/cloud.log")" = "$count" ] || fail "creates"
[ "$(grep -c '^delete' "$work/cloud.log")" = "$count" ] || fail "deletes"
echo "all passed"
