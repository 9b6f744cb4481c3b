// uts: a host name of its own.
//
// Follows Michael Crosby, Daniel Mitre and *Containers do not exist*.
// https://man7.org/linux/man-pages/man2/clone.2.html
// https://man7.org/linux/man-pages/man2/sethostname.2.html
// https://man7.org/linux/man-pages/man7/uts_namespaces.7.html
package main

import (
	"syscall"

	"nsteps/internal/skeleton"
)

const flags = syscall.CLONE_NEWUTS

// The child: starts with a copy of its parent's host name, changes the copy,
// becomes the payload and ends with it.
func child() {
	skeleton.Must("sethostname", syscall.Sethostname([]byte("myhostname")))
}

func main() {
	skeleton.CloneAndExec(flags, child)
}
