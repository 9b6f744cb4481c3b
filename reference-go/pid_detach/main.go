// pid_detach: PID 1, with its own /proc, even if the old one is busy.
//
// Follows Matthew Tejo.
// https://man7.org/linux/man-pages/man2/clone.2.html
// https://man7.org/linux/man-pages/man2/umount.2.html
// https://man7.org/linux/man-pages/man2/mount.2.html
// https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
package main

import (
	"syscall"

	"nsteps/internal/skeleton"
)

// Without CLONE_NEWNS the child would replace its parent's /proc.
const flags = syscall.CLONE_NEWPID | syscall.CLONE_NEWNS

// The child: PID 1 of the new namespace. It replaces the old /proc by that of
// its own namespace, becomes the payload, and ends with it; the kernel then
// kills every process of the namespace. MNT_DETACH unmounts /proc with all that
// is mounted below it, where a plain umount fails with EBUSY. If / is shared,
// both calls also change the parent's /proc by propagation; the post makes /
// private in a shell first.
func child() {
	skeleton.Must("umount2", syscall.Unmount("/proc", syscall.MNT_DETACH))
	skeleton.Must("mount", syscall.Mount("proc", "/proc", "proc", 0, ""))
}

func main() {
	skeleton.CloneAndExec(flags, child)
}
