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

// The child adds a tmpfs to its copy of the mount table, becomes the payload
// and ends with it. Where / is shared, the tmpfs appears outside as well.
func child() {
	skeleton.Must("mount",
		syscall.Mount("none", skeleton.MyTmp(), "tmpfs", 0, ""))
}

func main() {
	skeleton.CloneAndExec(flags, child)
}
