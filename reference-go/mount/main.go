// mount: a mount table of its own, and a tmpfs in it.
//
// Follows Michael Crosby.
// https://man7.org/linux/man-pages/man2/clone.2.html
// https://man7.org/linux/man-pages/man2/mount.2.html
// https://man7.org/linux/man-pages/man7/mount_namespaces.7.html
package main

import (
	"syscall"

	"nsteps/internal/skeleton"
)

const flags = syscall.CLONE_NEWNS

// The child: has a copy of its parent's mount table, adds a tmpfs to it,
// becomes the payload and ends with it. A copy keeps the propagation: where /
// is shared, the parent gets this tmpfs too.
func child() {
	skeleton.Must("mount",
		syscall.Mount("none", skeleton.MyTmp(), "tmpfs", 0, ""))
}

func main() {
	skeleton.CloneAndExec(flags, child)
}
