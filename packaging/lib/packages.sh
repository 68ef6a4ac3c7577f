# shellcheck shell=bash
# Debian packages: what this project needs, and how what is missing gets installed.
# Needs common.sh. The lists are used by the scripts that source this file.
# shellcheck disable=SC2034

# What compiles and links the gateway. Debian's unversioned Boost is 1.74, too old for us.
build_packages=(
    g++ meson ninja-build pkg-config libssl-dev
    libboost1.81-dev libboost-filesystem1.81-dev libboost-json1.81-dev libboost-log1.81-dev
    libboost-system1.81-dev libboost-thread1.81-dev libboost-url1.81-dev
)
# What the quickstart needs to hold its conversation.
quickstart_packages=(curl jq)
# What the tests need beyond that.
test_packages=(doctest-dev busybox-static curl jq openssl python3)
# What the checks of `tests/run --all` need beyond that.
lint_packages=(clang-19 libclang-rt-19-dev clang-tidy-19 clang-tools-19 clang-format-14 shellcheck)

# True when dpkg knows the package as installed.
package_installed() {
    [[ $(dpkg-query -W -f '${Status}' "$1" 2>/dev/null) == 'install ok installed' ]]
}

apt_quiet() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 \
        -o Acquire::Retries=3 "$@"
}

# install_missing PACKAGE... installs those packages that are not there. Asks the archive for its list only
# when something is missing. Fails with a list of names where there is no apt-get.
install_missing() {
    local package missing=() log
    if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
        warn "this is not a Debian system; install what corresponds to: $*"
        return 0
    fi
    for package in "$@"; do
        package_installed "$package" || missing+=("$package")
    done
    ((${#missing[@]} > 0)) || return 0
    say "installing with apt-get: ${missing[*]}"
    log=$(mktemp)
    if ! retry 3 quietly "$log" apt_quiet update; then
        warn 'apt-get update failed; trying with the package lists of this machine'
    fi
    if ! retry 3 quietly "$log" apt_quiet install --no-install-recommends "${missing[@]}"; then
        rm -f "$log"
        die "apt-get could not install: ${missing[*]}"
    fi
    rm -f "$log"
}

# Node.js and npm for the tests' official servers and client. A machine may have newer ones than Debian's,
# from elsewhere: those are taken as they are.
install_node() {
    local wanted=()
    command -v node >/dev/null 2>&1 || wanted+=(nodejs)
    command -v npm >/dev/null 2>&1 || wanted+=(npm)
    if ((${#wanted[@]} > 0)); then
        install_missing "${wanted[@]}"
    fi
}
