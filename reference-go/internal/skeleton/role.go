// What a process of a step is there for, and how it learns that.

package skeleton

import "os"

// role is the argv[0] of a second start: neither the arguments nor the
// environment of the payload are touched. The launcher has what its caller
// calls it, and no role.
type role string

const (
	// The child of CloneAndExec: it prepares its namespaces and becomes the
	// payload.
	asChild role = "child"
	// The child of UnshareAndInit, PID 1 of a new PID namespace. In rootless it
	// is started by the child, and so passes through CloneAndExec as well.
	asInit role = "init"
)

// startedAs tells whether this process has one of the roles.
func startedAs(roles ...role) bool {
	for _, role := range roles {
		if os.Args[0] == string(role) {
			return true
		}
	}
	return false
}

// self is this program, found without a path: a step may be started from a
// directory that its namespaces do not have.
const self = "/proc/self/exe"

// arguments are those this program was started with, in another role.
func arguments(role role) []string {
	return append([]string{string(role)}, os.Args[1:]...)
}
