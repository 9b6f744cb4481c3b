// net_mount_uts: as net_mount, and with its own host name.
//
// Follows *Containers do not exist*.
// https://man7.org/linux/man-pages/man2/clone.2.html
// https://man7.org/linux/man-pages/man2/mount.2.html
// https://man7.org/linux/man-pages/man2/sethostname.2.html
// https://man7.org/linux/man-pages/man7/uts_namespaces.7.html
package main

import (
	"syscall"

	"nsteps/internal/skeleton"
)

const flags = syscall.CLONE_NEWNET | syscall.CLONE_NEWNS |
	syscall.CLONE_NEWUTS

// The child: mounts a tmpfs, sets its host name, becomes the payload and ends
// with it. One more namespace takes one more flag and one more call.
func child() {
	skeleton.Must("mount",
		syscall.Mount("none", skeleton.MyTmp(), "tmpfs", 0, ""))
	skeleton.Must("sethostname",
		syscall.Sethostname([]byte("custom_hostname")))
}

func main() {
	skeleton.CloneAndExec(flags, child)
}
