# shellcheck shell=bash
# What the lint scripts share. Each of them is a check of its own: status 0 is good, everything else is told
# on standard output. They need a compile database made by tests/lint/configure.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=packaging/lib/common.sh
. "$root/packaging/lib/common.sh"
lint_build=$root/build/lint

# Our C++ files, one a line, from the top of the checkout. Not from git: a file may be new.
cpp_files() { (cd "$root" && find src tests packaging -name build -prune -o -name '*.[ch]pp' -print | sort); }

# Those that the compile database knows, as absolute paths, below the folder given.
compiled_files() {
    jq -r '.[].file' "$lint_build/compile_commands.json" |
        (cd "$lint_build" && xargs -r realpath) | grep "^$root/$1/" | sort -u
}
