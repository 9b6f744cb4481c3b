// The role of a process of a step, and how the process learns it.

package skeleton

import "os"

// role is the argv[0] of a second start, so that the arguments and the
// environment of the payload do not change. The launcher has no role: its
// argv[0] is what its caller chose.
type role string

const (
	// The child of CloneAndExec: it prepares its namespaces and becomes the
	// payload.
	asChild role = "child"
	// The child of UnshareAndInit, PID 1 of a new PID namespace. In
	// rootless the child starts it, and so it passes through CloneAndExec
	// as well.
	asInit role = "init"
)

// startedAs reports whether this process has one of the roles.
func startedAs(roles ...role) bool {
	for _, role := range roles {
		if os.Args[0] == string(role) {
			return true
		}
	}
	return false
}

// self is the path of this program that does not depend on the directory from
// which the step was started, which its namespaces may not have.
const self = "/proc/self/exe"

// arguments returns those this program was started with, with another role.
func arguments(role role) []string {
	return append([]string{string(role)}, os.Args[1:]...)
}
