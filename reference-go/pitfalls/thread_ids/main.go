// thread_ids: a change that one thread of the program makes, and which threads
// have it.
//
// thread_ids setuid|raw_setuid|no_new_privs|all_threads|chdir|own_chdir: the
// same as in C; all_threads is no_new_privs by AllThreadsSyscall.
// https://pkg.go.dev/syscall#AllThreadsSyscall
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
)

const (
	otherID = 1000
	// prSetNoNewPrivs has no name in syscall.
	prSetNoNewPrivs = 38
)

func change(way string) error {
	switch way {
	case "setuid":
		return syscall.Setuid(otherID)
	case "raw_setuid":
		return errno(syscall.RawSyscall(syscall.SYS_SETUID, otherID, 0, 0))
	case "no_new_privs":
		return errno(syscall.RawSyscall(
			syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0))
	case "all_threads":
		return errno(syscall.AllThreadsSyscall6(
			syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0))
	case "own_chdir":
		end(syscall.Unshare(syscall.CLONE_FS))
	}
	return syscall.Chdir("/tmp")
}

func errno(_, _ uintptr, errno syscall.Errno) error {
	if errno != 0 {
		return errno
	}
	return nil
}

// look says what of a thread is changed.
func look(way string, thread int) string {
	task := fmt.Sprintf("/proc/self/task/%d", thread)
	if strings.HasSuffix(way, "chdir") {
		cwd, err := os.Readlink(task + "/cwd")
		end(err)
		return cwd
	}
	name := "NoNewPrivs:"
	if strings.HasSuffix(way, "setuid") {
		name = "Uid:"
	}
	status, err := os.ReadFile(task + "/status")
	end(err)
	for _, line := range strings.Split(string(status), "\n") {
		if strings.HasPrefix(line, name) {
			return line
		}
	}
	return ""
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: thread_ids WAY")
		os.Exit(125)
	}
	way := os.Args[1]
	runtime.LockOSThread()
	// A second goroutine with a thread of its own, that stays.
	other := make(chan int)
	go func() {
		runtime.LockOSThread()
		other <- syscall.Gettid()
		select {}
	}()
	there, here := <-other, syscall.Gettid()
	before := look(way, here)
	end(change(way))
	switch after := look(way, here); after {
	case before:
		fmt.Println("no thread")
	case look(way, there):
		fmt.Println("every thread")
	default:
		fmt.Println("this thread alone")
	}
}

func end(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(125)
	}
}
