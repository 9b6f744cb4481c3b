// user: ids of its own, and none of them mapped: everyone is nobody.
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

// The child becomes the payload, and ends with it. Clone gave it all
// capabilities of the new namespace; as it is not root there, exec takes them
// away again.
var child func()

func main() {
	skeleton.CloneAndExec(flags, child)
}
