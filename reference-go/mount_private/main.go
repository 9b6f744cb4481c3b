// mount_private: a tmpfs that stays inside even where / is shared.
//
// Follows JD.
// https://man7.org/linux/man-pages/man2/clone.2.html
// https://man7.org/linux/man-pages/man2/mount.2.html
// https://man7.org/linux/man-pages/man7/mount_namespaces.7.html
package main

import (
	"syscall"

	"nsteps/internal/skeleton"
)

const flags = syscall.CLONE_NEWNS

// The child: takes / out of its peer group, adds a tmpfs, becomes the payload
// and ends with it. Without MS_REC this is / and nothing mounted below it:
// where /proc is shared, what happens under /proc still happens outside.
func child() {
	skeleton.Must("mount",
		syscall.Mount("none", "/", "", syscall.MS_PRIVATE, ""))
	skeleton.Must("mount",
		syscall.Mount("none", skeleton.MyTmp(), "tmpfs", 0, ""))
}

func main() {
	skeleton.CloneAndExec(flags, child)
}
