# shellcheck shell=bash
# Small helpers that every script of this project sources. Nothing here changes the machine.

# Prints a heading for people: a blank line, then the text in bold on a terminal.
heading() {
    if [[ -t 1 ]]; then
        printf '\n\033[1m== %s\033[0m\n' "$*"
    else
        printf '\n== %s\n' "$*"
    fi
}

say() { printf '%s\n' "$*"; }

warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
    warn "$*"
    exit 1
}

# Prints words as they would be typed into a shell: plain where that is safe, else in single quotes.
quoted() {
    local word line=
    for word in "$@"; do
        if [[ ! $word =~ ^[A-Za-z0-9_@%+=:,./-]+$ ]]; then
            word=\'${word//\'/\'\\\'\'}\'
        fi
        line+=" $word"
    done
    printf '%s' "${line# }"
}

# Prints a command, then runs it.
show() {
    printf '$ %s\n' "$(quoted "$@")"
    "$@"
}

# Runs a command as root: directly, or through sudo.
as_root() {
    if [[ $(id -u) == 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        die "this needs root and there is no sudo: $*"
    fi
}

# Runs COMMAND up to TIMES times with a growing pause, until it succeeds.
retry() {
    local times=$1 attempt
    shift
    for ((attempt = 1; ; attempt++)); do
        if "$@"; then
            return 0
        fi
        ((attempt < times)) || return 1
        warn "attempt $attempt of $times failed, trying again: $1"
        sleep $((attempt * 2))
    done
}

# Runs COMMAND with its output in FILE; shows the output only when it fails.
quietly() {
    local file=$1 status=0
    shift
    "$@" >"$file" 2>&1 || status=$?
    if ((status != 0)); then
        tail -n 200 "$file" >&2
        warn "failed with status $status: $*"
    fi
    return "$status"
}

now_ms() { date +%s%3N; }

# Gives what a root run built back to the owner of the checkout, so that `sudo packaging/quickstart` leaves
# no folder behind that its user can't remove.
give_back() {
    local root=$1 folder=$2 owner
    owner=$(stat -c '%u:%g' "$root")
    if [[ $(id -u) == 0 && $owner != 0:* && -d $folder ]]; then
        chown -R "$owner" "$folder"
    fi
}
