// pid_oldproc: pids of its own, and still the old /proc.
//
// Follows Michael Crosby's first try.
// https://man7.org/linux/man-pages/man2/clone.2.html
// https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
package main

import (
	"syscall"

	"nsteps/internal/skeleton"
)

const flags = syscall.CLONE_NEWPID

// The child becomes the payload, which is PID 1, and ends with it. Nobody
// mounts a new /proc, so that ps goes on to show the pids of the outside.
var child func()

func main() {
	skeleton.CloneAndExec(flags, child)
}
