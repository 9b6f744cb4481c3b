// cgroup: a view of the cgroups that has its own cgroup for root.
//
// Beyond the posts. Every line of /proc/self/cgroup ends in `:/`.
// https://man7.org/linux/man-pages/man2/clone.2.html
// https://man7.org/linux/man-pages/man7/cgroup_namespaces.7.html
package main

import "nsteps/internal/skeleton"

// CLONE_NEWCGROUP, which syscall does not have on every architecture.
const flags = 0x02000000

// The child: exists to become the payload, and ends with it. It has not moved:
// only the names have become relative to where it was at clone. Here child is
// nil, so that os/exec starts the payload itself.
var child func()

func main() {
	skeleton.CloneAndExec(flags, child)
}
