#!/bin/sh
# Puts what was built below a prefix, and takes exactly that away again.
#
#   ./install.sh install DIR      copies it, and lists it in DIR/lib/nsteps
#   ./install.sh uninstall DIR    removes what is listed there
#
# nsteps finds programs, sources, pages and expected effects by where it is
# itself: DIR/lib/nsteps is a small copy of this directory. What is outside of
# it is in the list: a command, manual pages, completions, and directories that
# were not there before. Nothing is built here, so that `sudo make install`
# leaves nothing of root's behind.

set -eu

# What is installed is for every user.
umask 022

to=$2
own=$to/lib/nsteps
list=$own/installed

stop() {
    echo "make $1: $2" >&2
    exit 1
}

# Makes a directory and those above it, and lists the ones that were missing.
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
    # Backwards, so that what is inside of a directory comes before it.
    listed=$(LC_ALL=C sort -r "$list")
    printf '%s\n' "$listed" | while read -r name; do
        case $name in
        */ | '') ;;
        *) rm -f "$to/$name" ;;
        esac
    done
    rm -rf "$own"
    # What others have put something into stays.
    printf '%s\n' "$listed" | while read -r name; do
        case $name in
        */) rmdir --ignore-fail-on-non-empty "$to/${name%./}" ;;
        esac
    done
}

install() {
    [ -x target/bin/nsteps ] || stop install "nothing is built yet: make build"
    # An older installation may have had pages and commands that are gone.
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
    echo "make install: $to/bin/nsteps, and what it runs in $own"
}

completions() {
    target/bin/nsteps completions "$1" | file "$2"
}

cd "$(dirname "$0")"
case $1 in
install) install ;;
uninstall) remove && echo "make uninstall: $to has nothing of it left" ;;
*) stop "$1" "no such thing: install or uninstall" ;;
esac
