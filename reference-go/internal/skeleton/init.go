// The init of a new PID namespace, and the fork that makes it. os/exec is not
// used here: before its first start it clones a process only to learn whether
// the kernel has pidfds. After unshare(CLONE_NEWPID) that one would be PID 1,
// and when it is gone the kernel makes no other (ENOMEM).

package skeleton

import (
	"fmt"
	"os"
	"syscall"
)

// UnshareAndInit unshares in the launcher and forks; the fork is PID 1 and
// runs pid1. The caller has locked its thread, because unshare changes only
// that one.
// https://man7.org/linux/man-pages/man2/unshare.2.html
func UnshareAndInit(flags int, pid1 func()) {
	if startedAs(asInit) {
		pid1()
		os.Exit(0)
	}
	NeedCommand()
	Must("unshare", syscall.Unshare(flags))
	waitFor(forkExec("fork", self, arguments(asInit)))
}

// ForkAndReap is the rest of the work of PID 1: it forks the payload and waits
// for every child, adopted ones too. It ends with the status of the payload,
// because the launcher can learn it from init alone.
func ForkAndReap() {
	payload := forkExec("fork/exec", lookPath(), command)
	last := 0
	for {
		pid, status := wait(-1)
		switch {
		case pid == 0:
			os.Exit(last)
		case pid != payload:
		case status.Signaled():
			last = 128 + int(status.Signal())
		default:
			last = status.ExitStatus()
		}
	}
}

// ForkAndExec forks into the namespaces that the launcher has made for its
// children; the fork becomes the payload.
func ForkAndExec() {
	waitFor(forkExec("fork/exec", lookPath(), command))
}

func forkExec(call, path string, argv []string) int {
	pid, err := syscall.ForkExec(path, argv, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{0, 1, 2},
	})
	Must(call, err)
	return pid
}

// waitFor waits for a child, panics if it failed and ends if it did not.
func waitFor(child int) {
	_, status := wait(child)
	switch {
	case status.Signaled():
		panic("signal: " + status.Signal().String())
	case status.ExitStatus() != 0:
		panic(fmt.Sprintf("exit status %d", status.ExitStatus()))
	}
	os.Exit(0)
}

// wait returns the pid 0 if there is no child to wait for.
// https://man7.org/linux/man-pages/man2/wait4.2.html
func wait(child int) (int, syscall.WaitStatus) {
	var status syscall.WaitStatus
	for {
		pid, err := syscall.Wait4(child, &status, 0, nil)
		switch err {
		case syscall.EINTR:
		case syscall.ECHILD:
			return 0, status
		default:
			Must("wait4", err)
			return pid, status
		}
	}
}
