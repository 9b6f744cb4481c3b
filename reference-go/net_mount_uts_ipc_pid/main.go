// net_mount_uts_ipc_pid: as net_mount_uts_ipc, and the child is PID 1.
//
// Follows *Containers do not exist*.
// https://man7.org/linux/man-pages/man2/clone.2.html
// https://man7.org/linux/man-pages/man2/mount.2.html
// https://man7.org/linux/man-pages/man2/sethostname.2.html
// https://man7.org/linux/man-pages/man2/umount.2.html
// https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
package main

import (
	"syscall"

	"nsteps/internal/skeleton"
)

const flags = syscall.CLONE_NEWNET | syscall.CLONE_NEWNS |
	syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWPID

// The child: PID 1 of the new namespace. It mounts a tmpfs, sets its host name,
// replaces the old /proc by its own, becomes the payload, and ends with it; the
// kernel then kills every process of the namespace.
func child() {
	skeleton.Must("mount",
		syscall.Mount("none", skeleton.MyTmp(), "tmpfs", 0, ""))
	skeleton.Must("sethostname",
		syscall.Sethostname([]byte("custom_hostname")))
	skeleton.Must("umount", syscall.Unmount("/proc", 0))
	skeleton.Must("mount", syscall.Mount("proc", "/proc", "proc", 0, ""))
}

func main() {
	skeleton.CloneAndExec(flags, child)
}
