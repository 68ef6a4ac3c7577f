# shellcheck shell=bash
# A gateway for scripts that test it from outside. Needs packaging/lib/common.sh, $root and what tests/run
# exports.

: "${root:?is set by whoever includes this}"
test_agent=test-agent-5c1e
for node22 in "$root"/build/npm/node_modules/node-linux-*/bin/node; do
    [[ -x $node22 ]] && break
done
background=()

stop_all() {
    local pid
    for pid in "${background[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    for pid in "${background[@]}"; do
        wait "$pid" 2>/dev/null || true
    done
}

# start_in_background FILE COMMAND... writes the command's stdout to FILE.
start_in_background() {
    local file=$1
    shift
    : >"$file"
    "$@" >"$file" 2>>"$file.log" </dev/null &
    background+=("$!")
}

# The first line of a file, as soon as it is there.
wait_line() {
    local file=$1 tries
    for ((tries = 0; tries < 300; ++tries)); do
        if [[ $(wc -l <"$file" 2>/dev/null || echo 0) -gt 0 ]]; then
            head -n 1 "$file"
            return 0
        fi
        read -rt 0.1 <> <(:) || true
    done
    die "nothing came in $file within 30 s"
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start_gateway FOLDER SERVERS [GATEWAY_MEMBERS]: SERVERS is the JSON object mcpServers. Sets gateway_url and
# gateway_pid; returns when the gateway is ready.
start_gateway() {
    local folder=$1 servers=$2 extra=${3:-} port
    port=$(free_port)
    printf '{"mcpServers":%s,"gateway":{"port":%s,"domain":"127.0.0.1","agentId":"%s"%s}}' "$servers" "$port" \
        "$test_agent" "$extra" >"$folder/configuration.json"
    : >"$folder/gateway.out"
    "$DRAWBRIDGE_BINARY" serve <"$folder/configuration.json" >"$folder/gateway.out" 2>"$folder/gateway.log" &
    gateway_pid=$!
    background+=("$gateway_pid")
    wait_line "$folder/gateway.out" >/dev/null
    # shellcheck disable=SC2034 # for whoever includes this
    gateway_url=http://127.0.0.1:$port
}

# try NAME COMMAND... is one check; what the command said, and the gateway in the folder $work, is shown when it
# fails.
try() {
    local name=$1
    shift
    # shellcheck disable=SC2154 # set by whoever includes this
    if "$@" >"$work/try.log" 2>&1; then
        say "ok   $name"
    else
        tail -n 40 "$work/try.log" "$work/gateway.log"
        die "FAIL $name"
    fi
}
