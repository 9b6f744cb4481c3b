// pid_detach: pids of its own, even where something is mounted below /proc.
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

const flags = syscall.CLONE_NEWPID | syscall.CLONE_NEWNS

// The child is PID 1. It puts its own /proc in the place of the old one,
// becomes the payload and ends with it. MNT_DETACH takes along what is mounted
// below /proc; where / is shared, the outside loses its /proc too.
func child() {
	skeleton.Must("umount2", syscall.Unmount("/proc", syscall.MNT_DETACH))
	skeleton.Must("mount", syscall.Mount("proc", "/proc", "proc", 0, ""))
}

func main() {
	skeleton.CloneAndExec(flags, child)
}
