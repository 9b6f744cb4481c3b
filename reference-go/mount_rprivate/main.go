// mount_rprivate: a mount table from which nothing spreads to the outside.
//
// Follows Daniel Mitre, and Matthew Tejo, who runs mount(8) for it.
// https://man7.org/linux/man-pages/man2/clone.2.html
// https://man7.org/linux/man-pages/man2/mount.2.html
// https://man7.org/linux/man-pages/man7/mount_namespaces.7.html
package main

import (
	"syscall"

	"nsteps/internal/skeleton"
)

const flags = syscall.CLONE_NEWNS

// The child: takes / and everything below it out of their peer groups, adds a
// tmpfs, becomes the payload and ends with it. MS_REC adds everything below /
// to the change.
func child() {
	skeleton.Must("mount",
		syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
	skeleton.Must("mount",
		syscall.Mount("none", skeleton.MyTmp(), "tmpfs", 0, ""))
}

func main() {
	skeleton.CloneAndExec(flags, child)
}
