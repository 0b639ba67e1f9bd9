#!/bin/sh
# What the build needs beyond Python packages: found, installed (Debian, as root), or named in one line.
set -eu
python=$1

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    echo "setup: Python 3.11 or newer is needed; give one: make setup PYTHON=python3.12" >&2
    exit 1
}
"$python" -c 'import ensurepip, venv' 2>/dev/null || needed="python3-venv"
command -v cargo >/dev/null || {
    echo "setup: a Rust toolchain is needed (cargo); install rustup's stable toolchain" >&2
    exit 1
}
needed=${needed:-}
command -v cc >/dev/null || needed="$needed gcc libc6-dev"
command -v cmake >/dev/null || needed="$needed cmake"
command -v nasm >/dev/null || needed="$needed nasm"
# opencv-python's wheel is linked to these two.
"$python" -c 'import ctypes; ctypes.CDLL("libGL.so.1")' 2>/dev/null || needed="$needed libgl1"
"$python" -c 'import ctypes; ctypes.CDLL("libgthread-2.0.so.0")' 2>/dev/null || needed="$needed libglib2.0-0"
root_apt=$([ "$(id -u)" = 0 ] && command -v apt-get || true)
# The tests of MQTT start this broker themselves, and skip where there is none.
[ -z "$root_apt" ] || command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || needed="$needed mosquitto"
[ -n "$needed" ] || exit 0

if [ -n "$root_apt" ]; then
    echo "setup: installing $needed" >&2
    apt-get update -qq
    # shellcheck disable=SC2086 -- a list of packages
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $needed >/dev/null
else
    echo "setup: please run: sudo apt-get install$(printf ' %s' $needed)" >&2
    exit 1
fi
