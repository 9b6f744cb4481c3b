// unshare_init: PID 1 is an init, and the payload its child.
//
// Follows Daniel Mitre.
// https://man7.org/linux/man-pages/man2/unshare.2.html
// https://man7.org/linux/man-pages/man2/fork.2.html
// https://man7.org/linux/man-pages/man2/mount.2.html
// https://man7.org/linux/man-pages/man2/sethostname.2.html
// https://man7.org/linux/man-pages/man2/wait.2.html
// https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
package main

import (
	"runtime"
	"syscall"

	"nsteps/internal/skeleton"
)

const flags = syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID |
	syscall.CLONE_NEWNS

// unshare changes one thread, and Go may resume main on any other unless it is
// locked to its first one before it starts.
func init() {
	runtime.LockOSThread()
}

// Init: PID 1, the first child of the launcher after its unshare. It exists
// because a pid namespace lives only as long as its PID 1, and because orphans
// become children of PID 1, which has to wait for them. It ends when it has no
// child left. Here init is called pid1, because Go has taken the name.
func pid1() {
	skeleton.Must("mount",
		syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
	skeleton.Must("sethostname", syscall.Sethostname([]byte("doqueru")))
	skeleton.Must("mount", syscall.Mount("proc", "/proc", "proc", 0, ""))

	skeleton.ForkAndReap()
}

func main() {
	skeleton.UnshareAndInit(flags, pid1)
}
