// user_mapped: root inside, which is the caller outside.
//
// Follows JD, whose post announces the id map and does not print it.
// https://man7.org/linux/man-pages/man2/pipe.2.html
// https://man7.org/linux/man-pages/man2/clone.2.html
// https://man7.org/linux/man-pages/man7/user_namespaces.7.html
package main

import (
	"syscall"

	"nsteps/internal/skeleton"
)

const flags = syscall.CLONE_NEWUSER

// The child: waits until it is root, becomes the payload and ends with it. An
// exec before the maps are there would cost it all capabilities. Here child is
// nil, and os/exec makes the child wait on a pipe of its own.
var child func()

// The parent: stays outside, because there it has the right to write the maps;
// wakes the child by the pipe, waits for it and ends with it. MapRoot has
// os/exec do all of it.
func main() {
	skeleton.CloneAndExec(flags, child, skeleton.MapRoot)
}
