// ipc: System V objects and POSIX message queues of its own.
//
// Follows Michael Crosby and *Containers do not exist*.
// https://man7.org/linux/man-pages/man2/clone.2.html
// https://man7.org/linux/man-pages/man7/ipc_namespaces.7.html
package main

import (
	"syscall"

	"nsteps/internal/skeleton"
)

const flags = syscall.CLONE_NEWIPC

// The child: exists to become the payload, and ends with it. The flag of clone
// makes the namespace: no queue made outside is seen inside, nor the other way
// round. Here child is nil, so that os/exec starts the payload itself.
var child func()

func main() {
	skeleton.CloneAndExec(flags, child)
}
