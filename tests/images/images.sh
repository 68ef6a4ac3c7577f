# shellcheck shell=bash
# The container images of the tests, made without a registry. All are kept until their sources change.
# Needs packaging/lib/common.sh, packages.sh and containers.sh, and container_runtime called before.

test_image_busybox=localhost/drawbridge-test/busybox
test_image_node=localhost/drawbridge-test/node
test_image_scripted=localhost/drawbridge-test/scripted

busybox_image_folder() {
    local folder=$1 applet
    new_image_folder "$folder"
    cp "$(command -v busybox)" "$folder/bin/busybox"
    for applet in $("$folder/bin/busybox" --list); do
        [[ $applet == busybox ]] || ln -sf busybox "$folder/bin/$applet"
    done
}

# A shell and the usual small tools: a stubborn or silent "server" in one line of sh.
build_busybox_image() {
    busybox_image_folder "$1/busybox"
    import_image "$1/busybox" "$test_image_busybox" 'CMD ["sh"]' 'ENV HOME=/root'
}

# install_packages SOURCES FOLDER installs what the lock file names, once for each lock file.
install_packages() {
    local sources=$1 folder=$2 stamp
    stamp=$(cat "$sources/package.json" "$sources/package-lock.json" "$sources/.npmrc" | sha256sum)
    if [[ $(cat "$folder/.installed" 2>/dev/null) == "$stamp" ]]; then
        return 0
    fi
    say 'installing the official MCP servers and client with npm'
    mkdir -p "$folder"
    rm -f "$folder/.installed"
    cp "$sources/package.json" "$sources/package-lock.json" "$sources/.npmrc" "$folder/"
    if ! (cd "$folder" && retry 3 quietly "$folder/npm.log" npm ci --no-progress); then
        die 'npm could not install the test packages'
    fi
    printf '%s\n' "$stamp" >"$folder/.installed"
}

# The node that goes into the image: the one of the lock file, else this machine's.
packaged_node() {
    local found
    for found in "$1"/node_modules/node-linux-*/bin/node; do
        if [[ -x $found ]]; then
            printf '%s\n' "$found"
            return 0
        fi
    done
    command -v node
}

# node with the official servers and the fixtures of the conformance suite below /app; its entry point is node, so
# a configuration names the script: /app/node_modules/@modelcontextprotocol/server-everything/dist/index.js
build_node_image() {
    local packages=$1 folder=$2/node program source
    local fixtures=(content.mjs http.mjs server.mjs modern_server.mjs)
    program=$(packaged_node "$packages")
    source=$( (cat "$packages/.installed" "${fixtures[@]/#/$packages/}" "${BASH_SOURCE[0]}" && "$program" --version) |
        sha256sum | cut -d ' ' -f 1)
    if [[ $(image_label "$test_image_node" io.drawbridge.source) == "$source" ]]; then
        return 0
    fi
    busybox_image_folder "$folder"
    copy_program "$program" "$folder" /usr/local/bin/node
    mkdir -p "$folder/app" "$folder/usr/bin"
    ln -sf ../../bin/busybox "$folder/usr/bin/env"
    tar --create --directory "$packages" --exclude='node_modules/node-linux-*' package.json "${fixtures[@]}" \
        node_modules | tar --extract --directory "$folder/app"
    import_image "$folder" "$test_image_node" 'ENTRYPOINT ["/usr/local/bin/node"]' 'WORKDIR /app' \
        'ENV HOME=/root' "LABEL io.drawbridge.source=$source"
    rm -rf "$folder"
}

# build_scripted_image PROGRAM FOLDER: the image of a static test server.
build_scripted_image() {
    new_image_folder "$2/scripted"
    cp "$1" "$2/scripted/bin/scripted-server"
    import_image "$2/scripted" "$test_image_scripted" 'ENTRYPOINT ["/bin/scripted-server"]' 'ENV HOME=/root'
}
