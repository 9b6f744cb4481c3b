// mount_fd: the same as mount_rprivate, by the calls that take descriptors.
//
// Beyond the posts: a mount is a descriptor first, and is attached when it is
// complete. Linux 5.12.
// https://man7.org/linux/man-pages/man2/clone.2.html
// https://man7.org/linux/man-pages/man2/fsopen.2.html
// https://man7.org/linux/man-pages/man2/mount_setattr.2.html
package main

import (
	"syscall"

	"nsteps/internal/skeleton"
)

const flags = syscall.CLONE_NEWNS

// The child: takes / and everything below it out of their peer groups, makes a
// tmpfs, attaches it, becomes the payload and ends with it.
func child() {
	skeleton.SetPropagation("/", syscall.MS_PRIVATE)
	context := skeleton.Fsopen("tmpfs")
	skeleton.FsconfigString(context, "source", "none")
	skeleton.FsconfigCreate(context)
	tmpfs := skeleton.Fsmount(context)
	skeleton.MoveMount(tmpfs, skeleton.MyTmp())
}

func main() {
	skeleton.CloneAndExec(flags, child)
}
