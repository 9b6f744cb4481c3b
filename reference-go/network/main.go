// network: no interface but its own lo, which is down.
//
// Follows Michael Crosby, *Containers do not exist* and JD, whose program is in
// Go.
// https://man7.org/linux/man-pages/man2/clone.2.html
// https://man7.org/linux/man-pages/man7/network_namespaces.7.html
package main

import (
	"syscall"

	"nsteps/internal/skeleton"
)

const flags = syscall.CLONE_NEWNET

// The child: exists to become the payload, and ends with it. The flag of clone
// makes the namespace. Here child is nil, so that os/exec starts the payload
// itself.
var child func()

func main() {
	skeleton.CloneAndExec(flags, child)
}
