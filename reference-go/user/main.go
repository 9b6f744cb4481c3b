// user: the overflow id, because no id of the new user namespace is mapped.
//
// Follows Michael Crosby.
// https://man7.org/linux/man-pages/man2/clone.2.html
// https://man7.org/linux/man-pages/man7/user_namespaces.7.html
package main

import (
	"syscall"

	"nsteps/internal/skeleton"
)

const flags = syscall.CLONE_NEWUSER

// The child: exists to become the payload, and ends with it. It has every
// capability in its namespace, and loses them all in exec: without a map it is
// not root there but the overflow user, 65534. Here child is nil, so that
// os/exec starts the payload itself.
var child func()

func main() {
	skeleton.CloneAndExec(flags, child)
}
