// net_mount: a network and a mount table of its own.
//
// Follows *Containers do not exist*.
// https://man7.org/linux/man-pages/man2/clone.2.html
// https://man7.org/linux/man-pages/man2/mount.2.html
// https://man7.org/linux/man-pages/man7/network_namespaces.7.html
// https://man7.org/linux/man-pages/man7/mount_namespaces.7.html
package main

import (
	"syscall"

	"nsteps/internal/skeleton"
)

const flags = syscall.CLONE_NEWNET | syscall.CLONE_NEWNS

// The child: mounts a tmpfs, becomes the payload and ends with it. The network
// namespace needs no code: a new one is empty.
func child() {
	skeleton.Must("mount",
		syscall.Mount("none", skeleton.MyTmp(), "tmpfs", 0, ""))
}

func main() {
	skeleton.CloneAndExec(flags, child)
}
