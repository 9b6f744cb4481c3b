// join: the namespaces of another process.
//
// Beyond the posts.
// https://man7.org/linux/man-pages/man2/pidfd_open.2.html
// https://man7.org/linux/man-pages/man2/stat.2.html
// https://man7.org/linux/man-pages/man2/setns.2.html
// https://man7.org/linux/man-pages/man2/clone.2.html
// https://man7.org/linux/man-pages/man7/namespaces.7.html
package main

import (
	"os"
	"runtime"
	"strconv"
	"syscall"

	"nsteps/internal/skeleton"
)

// Every type of namespace, by its name in /proc/PID/ns.
var types = []struct {
	name string
	flag int
}{
	{"user", syscall.CLONE_NEWUSER}, {"mnt", syscall.CLONE_NEWNS},
	{"pid", syscall.CLONE_NEWPID}, {"net", syscall.CLONE_NEWNET},
	{"uts", syscall.CLONE_NEWUTS}, {"ipc", syscall.CLONE_NEWIPC},
	// syscall does not have these two on every architecture.
	{"time", 0x80}, {"cgroup", 0x02000000},
}

// setns changes one thread, and Go may resume main on any other unless it is
// locked to its first one before it starts. Go has threads from the start, and
// such a process can join neither a user namespace (EINVAL) nor a time
// namespace (EUSERS).
func init() {
	runtime.LockOSThread()
}

// The types of namespaces in which pid is elsewhere: setns refuses the user
// namespace that the caller is in. Two files name the same namespace if device
// and inode are equal, which is certain while both processes live.
func differing(pid int) (flags int) {
	for _, t := range types {
		own, err := os.Stat("/proc/self/ns/" + t.name)
		// A kernel may have been built without this type.
		if os.IsNotExist(err) {
			continue
		}
		skeleton.Must("stat", err)
		other, err := os.Stat("/proc/" + strconv.Itoa(pid) + "/ns/" + t.name)
		skeleton.Must("stat", err)
		if !os.SameFile(own, other) {
			flags |= t.flag
		}
	}
	return flags
}

// The parent: joins all but the pid namespace, and ends with the child.
func main() {
	pid := skeleton.PID()
	// From here on the number pid may be given to another process without harm.
	pidfd := skeleton.PidfdOpen(pid)
	flags := differing(pid)
	// The threads share one root and one working directory, and a mount
	// namespace is joined only by a thread that has its own.
	skeleton.Must("unshare", syscall.Unshare(syscall.CLONE_FS))
	// In one call, because the kernel then enters user first by itself.
	if flags != 0 {
		skeleton.Must("setns", skeleton.Setns(pidfd, flags))
	}
	// The child: the process that is in there, because setns puts only later
	// children into another pid namespace. It becomes the payload and ends with
	// it.
	skeleton.ForkAndExec()
}
