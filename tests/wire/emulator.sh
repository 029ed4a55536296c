# The server that the real clients talk to, and the judge of what went over the wire. Sourced by
# tests/az/run.sh and tests/sdk/run.sh, which set `here`, `top` and `work`.
server=
traffic=$work/requests.jsonl

start_emulator() {
  if [ -z "${EMULATOR:-}" ]; then
    cargo build --quiet --manifest-path "$top/Cargo.toml" -p lazuli-emulator || exit 1
    EMULATOR=${CARGO_TARGET_DIR:-$top/target}/debug/lazuli-emulator
  fi
  "$EMULATOR" serve --listen 127.0.0.1:0 --cert-dir "$work/certs" --request-log "$traffic" \
    >"$work/emulator.out" 2>"$work/emulator.err" &
  server=$!
  until grep -qs '^endpoint:' "$work/emulator.out"; do
    kill -0 "$server" 2>/dev/null || { cat "$work/emulator.err"; exit 1; }
    sleep 0.1
  done
  endpoint=$(sed -n 's/^endpoint: *//p' "$work/emulator.out")
}

# Trust in its authority, and the way through it for hosts with real names.
point_clients_at_it() {
  unset https_proxy http_proxy HTTP_PROXY ALL_PROXY all_proxy no_proxy
  export REQUESTS_CA_BUNDLE=$work/certs/ca.pem SSL_CERT_FILE=$work/certs/ca.pem
  export HTTPS_PROXY=${endpoint/https:/http:} NO_PROXY=127.0.0.1,localhost
}

stop_emulator() {
  [ -n "$server" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null
  server=
}

# Every request and response against the published types of Azure, when the validator is at hand:
# VALIDATE_ARM, or a folder beside the repository. What may differ is written in deviations.txt. Takes
# the options of judge.py.
judge_traffic() {
  local validator=${VALIDATE_ARM:-} found
  if [ -z "$validator" ]; then
    for found in "$top"/../*/validate_arm.py; do [ -f "$found" ] && validator=$found; done
  fi
  if [ -z "$validator" ]; then
    echo "traffic: not judged, as VALIDATE_ARM names no validator"
    return
  fi
  python3 "$top/tests/wire/judge.py" "$@" "$validator" "$traffic"
}
