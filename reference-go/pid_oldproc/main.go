// pid_oldproc: PID 1, looking at the /proc of its parent.
//
// Follows Michael Crosby. It is the first try of the post: /proc still lists
// the processes outside.
// https://man7.org/linux/man-pages/man2/clone.2.html
// https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
package main

import (
	"syscall"

	"nsteps/internal/skeleton"
)

const flags = syscall.CLONE_NEWPID

// The child: PID 1 of the new namespace. It becomes the payload, and when it
// ends the kernel kills every other process of it. /proc belongs to the pid
// namespace it was mounted in, which is still the old one. Here child is nil,
// so that os/exec starts the payload itself.
var child func()

func main() {
	skeleton.CloneAndExec(flags, child)
}
