// container: an init, its payload and a root directory, apart from the rest.
//
// Follows all five posts, which aim at this: unshare_init and pivot_root, and
// lo brought up.
// https://man7.org/linux/man-pages/man2/unshare.2.html
// https://man7.org/linux/man-pages/man2/fork.2.html
// https://man7.org/linux/man-pages/man2/sethostname.2.html
// https://man7.org/linux/man-pages/man2/mount.2.html
// https://man7.org/linux/man-pages/man2/pivot_root.2.html
// https://man7.org/linux/man-pages/man2/wait.2.html
// https://man7.org/linux/man-pages/man7/netdevice.7.html
package main

import (
	"runtime"
	"syscall"

	"nsteps/internal/skeleton"
)

const flags = syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID |
	syscall.CLONE_NEWNS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWNET

var root string

// unshare changes one thread, and Go may resume main on any other unless it is
// locked to its first one before it starts.
func init() {
	runtime.LockOSThread()
}

// Init: PID 1, the first child of the launcher after its unshare. It exists to
// set up the container and to wait for every process in it, orphans too. It
// ends when it has no child left. Here init is called pid1, because Go has
// taken the name.
func pid1() {
	skeleton.Must("sethostname", syscall.Sethostname([]byte("doqueru")))
	skeleton.EnterNewRoot(root, skeleton.FillDev)
	skeleton.BringLoUp()

	skeleton.ForkAndReap()
}

func main() {
	root = skeleton.NewRoot()
	skeleton.UnshareAndInit(flags, pid1)
}
