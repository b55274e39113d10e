# Sourced by run: an aarch64 Python under user-mode emulation, without a container.
# Needs `retry` and `debian_packages`. Functions return non-zero where something cannot be had.

aarch64_release=bookworm
aarch64_python=3.11 # of that release

# aarch64_tools: qemu and debootstrap, from Debian's packages where they are missing.
aarch64_tools() {
    debian_packages qemu-aarch64-static:qemu-user-static debootstrap:debootstrap
}

# aarch64_system FOLDER: Debian's Python for aarch64, unpacked but not configured, and FOLDER/python.
aarch64_system() {
    local folder=$1 package
    retry _aarch64_download "$folder" || {
        tail -n 20 "$work/debootstrap.log"
        return 1
    }
    for package in "$folder"/root/var/cache/apt/archives/*.deb; do
        dpkg -x "$package" "$folder/root"
    done
    cat >"$folder/python" <<EOF
#!/bin/sh
PYTHONPATH='$folder/site' exec qemu-aarch64-static -L '$folder/root' \
    '$folder/root/usr/bin/python$aarch64_python' "\$@"
EOF
    chmod +x "$folder/python"
}

_aarch64_download() {
    rm -rf "$1/root"
    mkdir -p "$1"
    debootstrap --arch=arm64 --download-only --variant=minbase --include=python3 \
        "$aarch64_release" "$1/root" >"$work/debootstrap.log" 2>&1
}

# aarch64_packages FOLDER SOURCE: the project in SOURCE and the wheels that it depends on.
aarch64_packages() {
    local folder=$1 source=$2 options=() tag
    for tag in manylinux_2_{36,35,34,31,28,27,17}_aarch64 manylinux2014_aarch64; do
        options+=(--platform "$tag")
    done
    for tag in "cp${aarch64_python/./}" abi3 none; do
        options+=(--abi "$tag")
    done
    python3 -m venv "$folder/pip"
    retry "$folder/pip/bin/pip" install -q --target "$folder/site" --upgrade --only-binary=:all: \
        --python-version "$aarch64_python" --implementation cp "${options[@]}" "$source"
}
