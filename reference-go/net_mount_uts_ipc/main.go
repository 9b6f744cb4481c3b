// net_mount_uts_ipc: as net_mount_uts, and with its own message queues.
//
// Follows *Containers do not exist*.
// https://man7.org/linux/man-pages/man2/clone.2.html
// https://man7.org/linux/man-pages/man2/mount.2.html
// https://man7.org/linux/man-pages/man2/sethostname.2.html
// https://man7.org/linux/man-pages/man7/ipc_namespaces.7.html
package main

import (
	"syscall"

	"nsteps/internal/skeleton"
)

const flags = syscall.CLONE_NEWNET | syscall.CLONE_NEWNS |
	syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC

// The child: mounts a tmpfs, sets its host name, becomes the payload and ends
// with it. The ipc namespace takes one more flag and no call.
func child() {
	skeleton.Must("mount",
		syscall.Mount("none", skeleton.MyTmp(), "tmpfs", 0, ""))
	skeleton.Must("sethostname",
		syscall.Sethostname([]byte("custom_hostname")))
}

func main() {
	skeleton.CloneAndExec(flags, child)
}
