#!/bin/bash
# Prepares below DIR what `make kernels` boots: kernels of Debian, which are
# unpacked and never installed, and one disk with the project as `make install`
# leaves it.
#
#   set-up.sh DIR SERIES...      a series is the beginning of a version: 6.1
#
# What is there already is kept. DIR/kernels/SERIES/{vmlinuz,initrd,release} is a
# kernel; DIR/disk.img is the disk, which a guest changes only in memory.
set -eu -o pipefail
mkdir -p "$1"/{debs,unpacked,kernels}
# apt takes a path that is not absolute for one below its own directory.
dir=$(cd "$1" && pwd)
shift
here=$(cd "$(dirname "$0")" && pwd)
root=$dir/root

[ "$(id -u)" = 0 ] || { echo "make kernels: run as root: debootstrap and \
mkfs need it" >&2; exit 1; }
missing=
for it in qemu-system-x86_64:qemu-system-x86 debootstrap:debootstrap \
    busybox:busybox-static cpio:cpio mkfs.ext4:e2fsprogs depmod:kmod; do
    command -v "${it%%:*}" >/dev/null || missing="$missing ${it##*:}"
done
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -e $keyring ] || missing="$missing debian-archive-keyring"
[ -z "$missing" ] || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends $missing >/dev/null

# The mirror that this machine uses.
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
    /etc/apt/sources.list.d/*.sources 2>/dev/null |
    sed -n 's!^\(deb\|URIs:\) \(.* \)\{0,1\}\(https\{0,1\}://[^ ]*/debian\)\($\|[ /].*\)!\3!p' |
    sed -n 1p) || :
mirror=${mirror:-http://deb.debian.org/debian}

# An apt of its own: kernels of other suites are no packages of this machine.
mkdir -p "$dir"/apt/{lists/partial,cache/archives/partial,etc/sources.list.d,dpkg}
mkdir -p "$dir/apt/etc/preferences.d"
: >>"$dir/apt/dpkg/status"
signed="[signed-by=$keyring]"
for suite in bullseye bookworm trixie trixie-backports; do
    echo "deb $signed $mirror $suite main"
done >"$dir/apt/etc/sources.list"
echo "deb $signed ${mirror%/debian}/debian-security bookworm-security main" \
    >>"$dir/apt/etc/sources.list"
cat >"$dir/apt/apt.conf" <<X
Dir::State "$dir/apt";
Dir::State::lists "$dir/apt/lists";
Dir::State::status "$dir/apt/dpkg/status";
Dir::Cache "$dir/apt/cache";
Dir::Etc "$dir/apt/etc";
Dir::Etc::sourcelist "$dir/apt/etc/sources.list";
Dir::Etc::sourceparts "$dir/apt/etc/sources.list.d";
Dir::Etc::parts "/dev/null";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
X
export APT_CONFIG=$dir/apt/apt.conf
apt-get update -qq

# The newest kernel of a series, with the packages that hold its parts.
for series; do
    package=$(apt-cache search --names-only \
        "^linux-image-$series\\.[0-9].*-cloud-amd64\$" | cut -d ' ' -f 1 |
        grep -v -e unsigned -e dbg -e 'deb1[12]\.' | sort -V | tail -n 1) || :
    [ -n "$package" ] || { echo "make kernels: no kernel $series" >&2; exit 1; }
    release=${package#linux-image-}
    to=$dir/kernels/$series
    [ "$(cat "$to/release" 2>/dev/null)" != "$release" ] || continue
    unpacked=$dir/unpacked/$series
    rm -rf "$unpacked" "$to"
    mkdir -p "$unpacked" "$to"
    # From Linux 7 on a kernel is in several packages.
    for it in "$package" "linux-binary-$release" "linux-modules-$release"; do
        (cd "$dir/debs" && apt-get download -q "$it" >/dev/null 2>&1) || continue
        dpkg-deb -x "$dir/debs/${it}"_*.deb "$unpacked"
        rm -f "$dir/debs/${it}"_*.deb
    done
    cp "$unpacked/boot/vmlinuz-$release" "$to/vmlinuz" 2>/dev/null ||
        cp "$unpacked/usr/lib/modules/$release/vmlinuz" "$to/vmlinuz"
    echo "$release" >"$to/release"
done
unset APT_CONFIG

if [ ! -e "$root/etc/debian_version" ]; then
    debootstrap --variant=minbase \
        --include=busybox-static,util-linux,iproute2,procps,kmod,bubblewrap \
        bookworm "$root" "$mirror" >/dev/null
    chroot "$root" useradd -m -u 1000 user
fi
make -s -C "$here/../../../.." install DESTDIR="$root" PREFIX=/usr/local >/dev/null
command install -m 755 "$here/guest-init" "$root/sbin/guest-init"
mkdir -p "$root/results" "$root/lib/modules"

for series; do
    release=$(cat "$dir/kernels/$series/release")
    modules=$dir/unpacked/$series/lib/modules/$release
    [ -d "$modules" ] || modules=$dir/unpacked/$series/usr/lib/modules/$release
    if [ ! -e "$root/lib/modules/$release/modules.dep" ]; then
        cp -a "$modules" "$root/lib/modules/"
        depmod -b "$root" "$release" 2>/dev/null
    fi
    # The initramfs has busybox and the modules for the disk.
    initrd=$dir/kernels/$series/initrd
    tree=$(mktemp -d)
    mkdir -p "$tree"/{bin,m,proc,sys,dev,new}
    cp "$(command -v busybox)" "$tree/bin/busybox"
    cp "$here/../../../../target/bin/nsteps" "$tree/bin/nsteps"
    number=10
    for module in virtio_pci virtio_blk ext4; do
        modprobe -d "$root" -S "$release" --show-depends "$module" 2>/dev/null |
            awk '$1 == "insmod" { print $2 }' >"$tree/list" || :
        while read -r file; do
            name=$(basename "$file")
            name=${name%%.ko*}
            ! ls "$tree/m/"*"-$name.ko" >/dev/null 2>&1 || continue
            number=$((number + 1))
            case $file in
            *.xz) xz -dc "$file" ;;
            *.zst) zstd -qdc "$file" ;;
            *) cat "$file" ;;
            esac >"$tree/m/$number-$name.ko"
        done <"$tree/list"
    done
    rm -f "$tree/list"
    cp "$here/initramfs-init" "$tree/init"
    chmod 755 "$tree/init"
    (cd "$tree" && find . | cpio -o -H newc --quiet | gzip -1) >"$initrd"
    rm -rf "$tree"
done

rm -f "$dir/disk.img"
truncate -s 4G "$dir/disk.img"
mkfs.ext4 -q -d "$root" "$dir/disk.img"
