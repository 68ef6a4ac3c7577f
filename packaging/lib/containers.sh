# shellcheck shell=bash
# The container runtime: which one, what it needs on this machine, and images made without a registry.
# Needs common.sh and packages.sh.

# Set by container_runtime: the client's name or path, and its kind (docker or podman).
runtime=
runtime_kind=

docker_answers() {
    command -v docker >/dev/null 2>&1 || return 1
    timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1
}

# Installs podman with what it needs to give a container a network and a first process.
# Without iptables podman's network back end can't set up a bridge.
install_podman() {
    local wanted=(podman runc catatonit iptables slirp4netns)
    if [[ $(id -u) != 0 ]]; then
        wanted+=(uidmap fuse-overlayfs)
    fi
    install_missing "${wanted[@]}"
}

# Chooses the runtime: MCP_GATEWAY_CONTAINER_RUNTIME when set, docker when an engine answers, else podman
# (installed when there is neither). Sets runtime and runtime_kind.
container_runtime() {
    runtime=${MCP_GATEWAY_CONTAINER_RUNTIME:-}
    if [[ -z $runtime ]]; then
        if docker_answers; then
            runtime=docker
        else
            runtime=podman
        fi
    fi
    case ${runtime##*/} in
        podman*)
            runtime_kind=podman
            if [[ $runtime == podman ]]; then
                install_podman
            fi
            ;;
        *) runtime_kind=docker ;;
    esac
    command -v "$runtime" >/dev/null 2>&1 || die "the container runtime '$runtime' is not there"
}

has_cap_sys_resource() {
    local effective
    effective=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
    (((0x$effective >> 24) & 1))
}

cgroups_are_unified() { [[ $(stat -f -c %T /sys/fs/cgroup 2>/dev/null) == cgroup2fs ]]; }

# at_most VALUE LIMIT prints the smaller one; VALUE may be "unlimited".
at_most() {
    if [[ $1 == unlimited ]] || (($1 > $2)); then
        printf '%s\n' "$2"
    else
        printf '%s\n' "$1"
    fi
}

# Writes a containers.conf for a machine on which podman's defaults can't work.
# 1. Without CAP_SYS_RESOURCE nobody may raise a limit: the defaults, far above ours, are refused. podman
#    lowers its own limit on processes to kernel.pid_max before it starts a container.
# 2. On cgroups v1 or hybrid, crun (the default where it is installed) refuses to start; runc works.
write_containers_conf() {
    local file=$1 files processes
    {
        printf '# Written by packaging/lib/containers.sh; used through CONTAINERS_CONF only.\n'
        if ! has_cap_sys_resource; then
            files=$(at_most "$(ulimit -H -n)" 1048576)
            processes=$(at_most "$(ulimit -H -u)" "$(at_most "$(</proc/sys/kernel/pid_max)" 32768)")
            printf '[containers]\ndefault_ulimits = ["nofile=%s:%s", "nproc=%s:%s"]\n' \
                "$files" "$files" "$processes" "$processes"
        fi
        if ! cgroups_are_unified; then
            printf '[engine]\nruntime = "runc"\n'
        fi
    } >"$file"
}

# container_environment FOLDER IMAGE COMMAND... makes sure that IMAGE can run COMMAND, with a network and
# without. When it can't as things are, podman gets a containers.conf of its own in FOLDER, named by
# CONTAINERS_CONF, which is exported. The system's configuration is never touched.
container_environment() {
    local folder=$1 errors
    shift
    mkdir -p "$folder"
    errors=$folder/probe.log
    if probe_container "$errors" "$@"; then
        return 0
    fi
    if [[ $runtime_kind == podman && -z ${CONTAINERS_CONF:-} ]]; then
        write_containers_conf "$folder/containers.conf"
        export CONTAINERS_CONF=$folder/containers.conf
        if probe_container "$errors" "$@"; then
            say "podman's defaults don't work on this machine; using $CONTAINERS_CONF"
            return 0
        fi
    fi
    cat "$errors" >&2
    if [[ $(id -u) != 0 ]]; then
        warn 'as root it may work: try again with sudo'
    fi
    die "a small container does not run with $runtime; its message stands above"
}

probe_container() {
    local errors=$1 name=drawbridge-probe-$$
    shift
    if timeout 60 "$runtime" run --rm --name "$name" "$@" >"$errors" 2>&1 </dev/null; then
        return 0
    fi
    "$runtime" rm -f "$name" >/dev/null 2>&1 || true
    return 1
}

# The bytes of a folder as one reproducible tar archive.
folder_archive() {
    tar --create --directory "$1" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner .
}

image_label() {
    "$runtime" image inspect --format "{{index .Config.Labels \"$2\"}}" "$1" 2>/dev/null || true
}

# import_image FOLDER NAME [INSTRUCTION...] makes the image NAME out of a folder. Instructions are those of
# `import --change`: 'ENTRYPOINT ["/x"]', 'ENV A=b'. Does nothing when the image already has this content.
import_image() {
    local folder=$1 name=$2 content old change changes=()
    shift 2
    content=$( (folder_archive "$folder" && printf '%s\n' "$@") | sha256sum | cut -d ' ' -f 1)
    if [[ $(image_label "$name" io.drawbridge.content) == "$content" ]]; then
        return 0
    fi
    for change in "$@" "LABEL io.drawbridge.content=$content"; do
        changes+=(--change "$change")
    done
    old=$("$runtime" image inspect --format '{{.Id}}' "$name" 2>/dev/null || true)
    folder_archive "$folder" | "$runtime" import "${changes[@]}" - "$name" >/dev/null 2>&1 ||
        die "$runtime could not import the image $name from $folder"
    if [[ -n $old ]]; then
        "$runtime" rmi "$old" >/dev/null 2>&1 || true # still in use, or the same
    fi
    say "made the image $name"
}

# Removes what an image folder had and gives it the least that programs expect: /tmp, /etc/passwd, HOME.
new_image_folder() {
    local folder=$1
    rm -rf "$folder"
    mkdir -p "$folder"/{bin,etc,tmp,root}
    chmod 1777 "$folder/tmp"
    chmod 700 "$folder/root"
    printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$folder/etc/passwd"
    printf 'root:x:0:\nnogroup:x:65534:\n' >"$folder/etc/group"
}

# copy_program PROGRAM FOLDER [TARGET] copies a program and the shared libraries it is linked with.
copy_program() {
    local program folder=$2 target library
    program=$(readlink -f "$1")
    target=${3:-$program}
    mkdir -p "$folder/$(dirname "$target")"
    cp --remove-destination "$program" "$folder/$target"
    ldd "$program" 2>/dev/null | sed -n -e 's/^.*=> \(\/[^ ]*\) .*/\1/p' -e 's/^[[:space:]]*\(\/[^ ]*\) .*/\1/p' |
        while read -r library; do
            mkdir -p "$folder/$(dirname "$library")"
            cp --dereference "$library" "$folder/$library"
        done
}
