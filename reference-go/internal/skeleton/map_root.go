// The id maps of a user namespace.

package skeleton

import (
	"os"
	"syscall"
)

// MapRoot maps the caller to root in the user namespace, and no other id. The
// parent writes the id maps (and, before gid_map, "deny" to setgroups, without
// which an ordinary user may not write it) while the child waits on a pipe:
// syscall does all of that between clone and exec.
// https://man7.org/linux/man-pages/man7/user_namespaces.7.html
func MapRoot(attr *syscall.SysProcAttr) {
	attr.UidMappings = []syscall.SysProcIDMap{
		{ContainerID: 0, HostID: os.Geteuid(), Size: 1},
	}
	attr.GidMappings = []syscall.SysProcIDMap{
		{ContainerID: 0, HostID: os.Getegid(), Size: 1},
	}
	attr.GidMappingsEnableSetgroups = false
}
