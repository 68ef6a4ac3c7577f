# shellcheck shell=bash
# Building with meson: a build folder is made once, reconfigured when its options change, and reused.
# Needs common.sh.

# meson_build ROOT FOLDER OPTION... leaves an up-to-date build in FOLDER. A second run is ninja's no-op.
# On a terminal the compiler's progress is seen, otherwise it goes to FOLDER.log and is shown on failure.
meson_build() {
    local root=$1 folder=$2 options=("${@:3}")
    meson_configure "$@"
    if [[ -t 1 ]]; then
        show meson compile -C "$folder"
    else
        printf '$ %s\n' "$(quoted meson compile -C "$folder")"
        quietly "$folder.log" meson compile -C "$folder"
    fi
}

meson_configure() {
    local root=$1 folder=$2 options=("${@:3}") wanted action=()
    # gcc's precompiled headers and ccache go together only when told so.
    export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros}
    wanted=$(quoted "${CXX:-default}" "${options[@]}")
    if [[ -f $folder/build.ninja && $(cat "$folder.options" 2>/dev/null) == "$wanted" ]]; then
        return 0
    fi
    if [[ -e $folder/meson-private ]]; then
        action=(--wipe)
    fi
    mkdir -p "$(dirname "$folder")"
    printf '$ %s\n' "$(quoted meson setup "${action[@]}" "$folder" "${options[@]}")"
    quietly "$folder.log" meson setup "${action[@]}" "$folder" "$root" "${options[@]}"
    printf '%s\n' "$wanted" >"$folder.options"
}

# built_program FOLDER NAME prints the absolute path of an executable of the build.
built_program() {
    local path
    path=$(meson introspect "$1" --targets |
        jq -r --arg name "$2" '.[] | select(.name == $name and .type == "executable") | .filename[0]')
    [[ -x $path ]] || die "the build in $1 has no program '$2'"
    printf '%s\n' "$path"
}

# static_program SOURCE OUTPUT FLAG... compiles one C++ file into a static program that runs in an empty image.
# Does nothing when the source, the compiler and the flags are those of the last time.
static_program() {
    local source=$1 output=$2 flags=(-std=c++20 -static -s -pthread -Wall -Wextra "${@:3}") stamp
    stamp=$( (g++ -dumpfullversion && printf '%s\n' "${flags[@]}" && cat "$source") | sha256sum)
    if [[ -x $output && $(cat "$output.stamp" 2>/dev/null) == "$stamp" ]]; then
        return 0
    fi
    say "compiling ${source##*/}"
    mkdir -p "$(dirname "$output")"
    g++ "${flags[@]}" -o "$output" "$source"
    printf '%s\n' "$stamp" >"$output.stamp"
}
