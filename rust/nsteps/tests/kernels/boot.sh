#!/bin/bash
# Boots one kernel with the disk of set-up.sh, and puts what the guest wrote into
# a directory.
#
#   boot.sh DIR SERIES SET JOBS OUT      SECONDS_AT_MOST=3000
#
# qemu emulates the processor, so that this needs no /dev/kvm: a nested machine
# often has one that boots no guest. Without no_timer_check a kernel may panic on
# a busy machine.
set -eu
dir=$1 series=$2 set=$3 jobs=$4 out=$5
rm -rf "$out"
mkdir -p "$out"
disk=$(mktemp "$dir/results-XXXXXX")
trap 'rm -f "$disk"' EXIT
truncate -s 64M "$disk"
at=$dir/kernels/$series
timeout "${SECONDS_AT_MOST:-3000}" qemu-system-x86_64 \
    -accel tcg,thread=multi -cpu max -m 2G -smp 2 \
    -kernel "$at/vmlinuz" -initrd "$at/initrd" \
    -append "console=ttyS0 quiet loglevel=4 panic=-1 no_timer_check nsteps.set=$set nsteps.jobs=$jobs" \
    -drive "file=$dir/disk.img,if=virtio,format=raw,snapshot=on" \
    -drive "file=$disk,if=virtio,format=raw" \
    -nographic -monitor none -serial "file:$out/console" -display none \
    -no-reboot -net none </dev/null
tar -C "$out" -xf "$disk" 2>/dev/null || :
[ -e "$out/release" ] || { tail -n 20 "$out/console" >&2; exit 1; }
