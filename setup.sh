#!/bin/sh
# Installs the packages that the Makefile needs and that are missing.
#
#   ./setup.sh          for `make compare`
#   ./setup.sh test     for `make test` as well: rustfmt and clippy, and
#                       clang-format, strace, musl-gcc and launchers where
#                       MUST_RUN=1 asks for every check
#   ./setup.sh bench    for `cargo bench` as well: musl-gcc, for the careful C
#   ./setup.sh rust     only checks that there is a Rust that is new enough
#   ./setup.sh target   only prints the target that static programs are built
#                       for: musl, or the host's where musl does not work
#
# On Debian and its children it installs them if it runs as root; for an
# ordinary user it prints the command, or runs it with SETUP=sudo. On other
# distributions it only names the packages. With SETUP=0 it does nothing. If no
# package is missing, it writes nothing and uses no network.

set -eu

purpose=${1:-compare}
case $purpose in
rust | target) ;;
*) [ "${SETUP:-1}" != 0 ] || exit 0 ;;
esac
cd "$(dirname "$0")"

# An ordinary user's PATH often lacks the directories that hold ip.
PATH=$PATH:/usr/sbin:/sbin

say() {
    printf 'setup: %s\n' "$*"
}

stop() {
    for line in "$@"; do
        printf 'setup: %s\n' "$line" >&2
    done
    exit 1
}

# Whether the Rust in PATH is rustup's: rustup can add targets only to its own.
is_rustups() {
    which=$(rustup which rustc 2>/dev/null) &&
        [ "$which" = "$(rustc --print sysroot)/bin/rustc" ]
}

# Whether Rust builds for a target. Only a build shows it: the directory of a
# target may exist without a standard library, or with that of another version.
# Without a linker, at least the standard library is read.
builds_for() {
    emit=link
    command -v cc >/dev/null || emit=metadata
    directory=$(mktemp -d)
    status=0
    printf 'fn main() {}\n' | rustc --target "$1" --emit "$emit" \
        -o "$directory/program" - 2>/dev/null || status=$?
    rm -r "$directory"
    return "$status"
}

# Whether a program is static. Linkers put the name of the interpreter into the
# first page, so a program without such a name there needs no interpreter.
# Without binutils there is no better check.
static() {
    [ -x "$1" ] && ! head -c 4096 "$1" | LC_ALL=C grep -q '/lib[^/]*/ld'
}

have() {
    case $1 in
    headers) [ -e /usr/include/sched.h ] ;;
    busybox)
        static target/bin/busybox || static /bin/busybox ||
            static /usr/bin/busybox || static /sbin/busybox ||
            static /bin/busybox.static
        ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

# Rust comes first: only the user can choose how it is installed.

wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
if ! cargo --version >/dev/null 2>&1; then
    kept=
    [ -z "${SUDO_USER:-}" ] ||
        kept=" (to keep your own: sudo env PATH=\"\$PATH\" HOME=\"\$HOME\" ...)"
    stop "no cargo, or no toolchain: install Rust $wanted or later, see \
https://rustup.rs$kept"
fi
rustc=$(rustc -vV) || stop "rustc is in PATH, but does not start"
host=$(printf '%s\n' "$rustc" | sed -n 's/^host: //p')
found=$(printf '%s\n' "$rustc" | sed -n 's/^release: //p')
oldest=$(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1)
if [ "$oldest" != "$wanted" ]; then
    remedy="install a newer one, see https://rustup.rs"
    ! is_rustups || remedy="rustup default stable && rustup update"
    stop "rustc is $found, and $wanted or later is needed: $remedy"
fi
[ "$purpose" != rust ] || exit 0

musl=$(printf '%s' "$host" | sed 's/linux-gnu/linux-musl/')
if [ "$purpose" = target ]; then
    if builds_for "$musl"; then echo "$musl"; else echo "$host"; fi
    exit 0
fi

# The missing programs, and the packages of this machine's package manager that
# contain them.

packager=none
for name in apt-get dnf pacman apk; do
    if command -v $name >/dev/null; then
        packager=$name
        break
    fi
done

missing=
packages=
while read -r tool apt dnf pacman apk why; do
    case $tool:$purpose:${MUST_RUN:-0} in
    clang-format:test:1 | strace:test:1 | musl-gcc:test:1) ;;
    bwrap:test:1 | crun:test:1 | runc:test:1) ;;
    musl-gcc:bench:*) ;;
    clang-format:* | strace:* | musl-gcc:*) continue ;;
    bwrap:* | crun:* | runc:*) continue ;;
    esac
    ! have "$tool" || continue
    missing="$missing${missing:+, }$tool ($why)"
    case $packager in
    apt-get) package=$apt ;;
    dnf) package=$dnf ;;
    pacman) package=$pacman ;;
    apk) package=$apk ;;
    *) package= ;;
    esac
    packages="$packages $package"
done <<'TABLE'
cc           gcc            gcc               gcc        gcc                the C compiler, and Rust's linker
headers      libc6-dev      glibc-static      glibc      musl-dev           the C library to build with
readelf      binutils       binutils          binutils   binutils           to check that the probe is static
go           golang-go      golang            go         go                 the Go compiler
busybox      busybox-static busybox           busybox    busybox-static     static, to make a root filesystem of
unshare      util-linux     util-linux        util-linux util-linux-misc    unshare(1), the control
ip           iproute2       iproute           iproute2   iproute2           to look at network links
ps           procps         procps-ng         procps-ng  procps-ng          to look at processes
clang-format clang-format   clang-tools-extra clang      clang-extra-tools  to check the layout of the C sources
strace       strace         strace            strace     strace             to check the output of nsteps trace
bwrap        bubblewrap     bubblewrap        bubblewrap bubblewrap         to compare launchers
crun         crun           crun              crun       crun               to compare launchers
runc         runc           runc              runc       runc               to compare launchers
musl-gcc     musl-tools     musl-gcc          musl       musl-dev           to build the careful C that Rust is timed against
TABLE

may_install() {
    [ "$(id -u)" -eq 0 ] || [ "${SETUP:-1}" = sudo ]
}

apt_get() {
    set -- env DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes \
        apt-get -qq -o DPkg::Lock::Timeout=120 "$@"
    if [ "$(id -u)" -eq 0 ]; then
        "$@" >/dev/null
    else
        sudo "$@" >/dev/null
    fi
}

# --no-remove: no installed package is removed, also if one conflicts with it.
apt_install() {
    apt_get install --yes --no-install-recommends --no-remove "$@"
}

# The package busybox comes with initramfs-tools and is dynamically linked, and
# busybox-static would replace it. To keep it, the static one is unpacked into
# target/bin, which does not need root.
unpack_busybox() {
    [ -O . ] || [ "${ANY_OWNER:-0}" = 1 ] ||
        stop "cannot unpack a static busybox: this tree is another user's"
    say "unpacking busybox-static into target/bin: /bin/busybox is not static"
    scratch=$(mktemp -d)
    download() {
        (cd "$scratch" &&
            apt-get -qq -o APT::Sandbox::User=root download busybox-static)
    }
    download 2>/dev/null || { may_install && apt_get update && download; } ||
        stop "apt-get cannot download busybox-static: sudo apt-get update?"
    dpkg-deb --extract "$scratch"/*.deb "$scratch"
    mkdir -p target/bin
    find "$scratch" -type f -path '*/bin/busybox' \
        -exec install -m 755 {} target/bin/busybox \;
    rm -r "$scratch"
}

[ -z "$missing" ] || say "missing: $missing"

if [ "$packager" = apt-get ] && [ -x /bin/busybox ] && ! have busybox; then
    unpack_busybox
    packages=$(printf '%s' "$packages" | sed 's/ busybox-static//')
fi

# The names of packages contain no blanks, so splitting at blanks is right.
# shellcheck disable=SC2086
if [ -z "$packages" ]; then
    :
elif [ "$packager" = apt-get ]; then
    # A new image has no package lists.
    command="sudo apt-get install --no-install-recommends$packages"
    if apt-get --simulate install $packages >/dev/null 2>&1; then
        lists=yes
    else
        lists=no
        command="sudo apt-get update && $command"
    fi
    may_install || stop "run: $command" \
        "(SETUP=sudo make ... runs that for you, SETUP=0 make ... skips it)"
    say "installing$packages"
    [ "$lists" = yes ] || apt_get update
    # Old lists name files that no longer exist; the second attempt has new
    # lists.
    apt_install $packages || { apt_get update && apt_install $packages; } ||
        stop "apt-get could not install$packages"
else
    case $packager in
    dnf) command="sudo dnf install$packages" ;;
    pacman) command="sudo pacman -S --needed$packages" ;;
    apk) command="sudo apk add$packages" ;;
    *) command="your distribution's package manager" ;;
    esac
    stop "install these with: $command" "(SETUP=0 make ... skips this)"
fi

# A toolchain of rustup belongs to its user, so setup may add to it.

# Files may be missing from a target that rustup calls "up to date", or it may
# be of another version: then only removing it and adding it again helps.

renew_toolchain() {
    name=$(rustup show active-toolchain | cut -d ' ' -f 1)
    say "rustup cannot repair it; this does:" \
        "rustup toolchain uninstall $name && rustup toolchain install $name"
}

if ! builds_for "$musl"; then
    say "missing, or not working: the static Rust target $musl"
    if is_rustups; then
        if ! rustup target add "$musl"; then
            say "rustup cannot add it"
        elif ! builds_for "$musl"; then
            # rustup does not remove a target of which a file is missing.
            { rustup target remove "$musl" && rustup target add "$musl"; } ||
                renew_toolchain
        fi
    else
        say "this Rust is not rustup's; your package manager may have" \
            "that target"
    fi
    builds_for "$musl" || say "building with glibc instead, linked statically"
fi

if [ "$purpose" = test ]; then
    for component in rustfmt clippy; do
        case $component in
        rustfmt) cargo fmt --version >/dev/null 2>&1 && continue ;;
        clippy) cargo clippy --version >/dev/null 2>&1 && continue ;;
        esac
        say "missing: $component"
        is_rustups || stop "make test needs the $component of this Rust," \
            "which your package manager has (Debian: rustfmt, rust-clippy)"
        rustup component add $component ||
            stop "rustup cannot add $component, which make test needs"
    done
fi
