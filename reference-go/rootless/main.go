// rootless: the container of an ordinary user.
//
// Beyond the posts. The user namespace comes first, because it owns the others
// and gives the right to make them.
// https://man7.org/linux/man-pages/man2/pipe.2.html
// https://man7.org/linux/man-pages/man2/clone.2.html
// https://man7.org/linux/man-pages/man2/unshare.2.html
// https://man7.org/linux/man-pages/man2/fork.2.html
// https://man7.org/linux/man-pages/man2/sethostname.2.html
// https://man7.org/linux/man-pages/man2/wait.2.html
// https://man7.org/linux/man-pages/man7/user_namespaces.7.html
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

// Init: PID 1, child of the child. It sets up the container, waits for every
// process in it, and ends when it has no child left. It mounts its /proc while
// the old root is still attached: in a user namespace the kernel allows a new
// procfs only beside one that is fully visible. Here init is called pid1,
// because Go has taken the name.
func pid1() {
	skeleton.Must("sethostname", syscall.Sethostname([]byte("doqueru")))
	skeleton.EnterNewRoot(root, skeleton.FillDev)
	skeleton.BringLoUp()

	skeleton.ForkAndReap()
}

// The child: in the new user namespace. It waits until it is root, unshares the
// rest as the launcher of `container` does, and ends with init.
func child() {
	skeleton.UnshareAndInit(flags, pid1)
}

// The parent: writes the maps from outside, wakes the child, ends with it.
func main() {
	root = skeleton.NewRoot()
	// A process with threads cannot unshare its user namespace, and Go has
	// threads from the start, so that this one comes from clone.
	skeleton.CloneAndExec(syscall.CLONE_NEWUSER, child, skeleton.MapRoot)
}
