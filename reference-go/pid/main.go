// pid: pids of its own, and a /proc that shows them.
//
// Follows Michael Crosby and *Containers do not exist*.
// https://man7.org/linux/man-pages/man2/clone.2.html
// https://man7.org/linux/man-pages/man2/umount.2.html
// https://man7.org/linux/man-pages/man2/mount.2.html
// https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
package main

import (
	"syscall"

	"nsteps/internal/skeleton"
)

const flags = syscall.CLONE_NEWPID | syscall.CLONE_NEWNS

// The child is PID 1. It puts its own /proc in the place of the old one,
// becomes the payload and ends with it. The umount fails where something is
// mounted below /proc, such as binfmt_misc.
func child() {
	skeleton.Must("umount", syscall.Unmount("/proc", 0))
	skeleton.Must("mount", syscall.Mount("proc", "/proc", "proc", 0, ""))
}

func main() {
	skeleton.CloneAndExec(flags, child)
}
