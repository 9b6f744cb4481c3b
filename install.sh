#!/bin/sh
# Installs the built programs below a prefix, and uninstalls exactly these.
#
#   ./install.sh install DIR      copies them, and lists them in DIR/lib/nsteps
#   ./install.sh uninstall DIR    removes the listed files
#
# nsteps finds programs, sources, pages and expected effects relative to its own
# path, so DIR/lib/nsteps is a small copy of this directory. The list names the
# files outside of it: a command, manual pages, completions, and directories
# that were not there before. This script builds nothing, so `sudo make install`
# makes no files of root's in this directory.

set -eu

# Every user may read and run the installed files.
umask 022

to=$2
own=$to/lib/nsteps
list=$own/installed

stop() {
    echo "make $1: $2" >&2
    exit 1
}

# Makes a directory and the missing ones above it, and lists those that it made.
directory() {
    [ ! -d "$to/$1" ] || return 0
    case $1 in
    */*) directory "${1%/*}" ;;
    .) ;;
    *) directory . ;;
    esac
    mkdir -p "$to/$1"
    echo "$1/" >>"$made"
}

# Copies standard input to a file, and lists it.
file() {
    directory "${1%/*}"
    cat >"$to/$1"
    echo "$1" >>"$made"
}

remove() {
    [ -e "$list" ] || stop uninstall "nothing is installed in $to: no $list"
    # In reverse order, so that the content of a directory comes before it.
    listed=$(LC_ALL=C sort -r "$list")
    printf '%s\n' "$listed" | while read -r name; do
        case $name in
        */ | '') ;;
        *) rm -f "$to/$name" ;;
        esac
    done
    rm -rf "$own"
    # A directory stays if there are other files in it.
    printf '%s\n' "$listed" | while read -r name; do
        case $name in
        */) rmdir --ignore-fail-on-non-empty "$to/${name%./}" ;;
        esac
    done
}

install() {
    [ -x target/bin/nsteps ] || stop install "nothing is built yet: make build"
    # An older installation may have files that this one does not have.
    [ ! -e "$list" ] || remove
    rm -rf "$own"
    made=$(mktemp)
    directory lib
    mkdir "$own"
    for name in target/bin target/c target/go target/rust target/mnt \
        reference-c reference-go rust/steps/src rust/nsteps/tests/expected \
        docs/src LICENSE-MIT LICENSE-APACHE; do
        [ ! -e "$name" ] || cp -r --parents "$name" "$own"
    done
    directory bin
    ln -sf ../lib/nsteps/target/bin/nsteps "$to/bin/nsteps"
    echo bin/nsteps >>"$made"
    manual=$(mktemp -d)
    target/bin/nsteps man "$manual"
    for page in "$manual"/*; do
        file "share/man/man1/${page##*/}" <"$page"
    done
    rm -r "$manual"
    completions bash share/bash-completion/completions/nsteps
    completions zsh share/zsh/site-functions/_nsteps
    completions fish share/fish/vendor_completions.d/nsteps.fish
    mv "$made" "$list"
    chmod 644 "$list"
    echo "make install: $to/bin/nsteps, and the programs that it runs in $own"
}

completions() {
    target/bin/nsteps completions "$1" | file "$2"
}

cd "$(dirname "$0")"
case $1 in
install) install ;;
uninstall) remove && echo "make uninstall: nsteps is removed from $to" ;;
*) stop "$1" "the first argument must be install or uninstall" ;;
esac
