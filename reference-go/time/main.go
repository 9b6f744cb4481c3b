// time: clocks that count from a day earlier.
//
// Beyond the posts. Legacy clone takes CLONE_NEWTIME for a part of the signal
// it is to send at exit, so this flag goes to unshare.
// https://man7.org/linux/man-pages/man2/unshare.2.html
// https://man7.org/linux/man-pages/man2/clone.2.html
// https://man7.org/linux/man-pages/man7/time_namespaces.7.html
package main

import (
	"os"
	"runtime"
	"syscall"

	"nsteps/internal/skeleton"
)

// CLONE_NEWTIME, which syscall does not have on every architecture.
const flags = 0x80

// Offsets in seconds and nanoseconds.
const offsets = "monotonic 86400 0\nboottime 86400 0\n"

// unshare changes one thread, and /proc/self is the first one of the program,
// to which main is locked before it starts.
func init() {
	runtime.LockOSThread()
}

// The parent: stays in the old time namespace, and sets the clocks while the
// new one is empty, because the first member fixes them.
func main() {
	skeleton.NeedCommand()
	skeleton.Must("unshare", syscall.Unshare(flags))
	skeleton.Must("write",
		os.WriteFile("/proc/self/timens_offsets", []byte(offsets), 0))
	// The child: the first member of the new namespace, which its parent only
	// made. It becomes the payload and ends with it.
	skeleton.ForkAndExec()
}
