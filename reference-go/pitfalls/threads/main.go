// threads: what a goroutine that is locked to its thread may do with its
// namespaces. Go has several threads from the beginning.
//
// The names of the calls are those of the same program in C and Rust.
// https://man7.org/linux/man-pages/man2/unshare.2.html
// https://man7.org/linux/man-pages/man2/setns.2.html
package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"

	"nsteps/internal/skeleton"
)

func say(what string, err error) {
	if err == nil || err == syscall.Errno(0) {
		err = fmt.Errorf("ok")
	}
	fmt.Printf("%s: %v\n", what, err)
}

func utsOfThisThread() string {
	link, err := os.Readlink("/proc/thread-self/ns/uts")
	skeleton.Must("readlink", err)
	return link
}

func main() {
	runtime.LockOSThread()
	self := skeleton.PidfdOpen(os.Getpid())
	say("setns mnt", skeleton.Setns(self, syscall.CLONE_NEWNS))
	say("unshare user", syscall.Unshare(syscall.CLONE_NEWUSER))
	say("unshare uts", syscall.Unshare(syscall.CLONE_NEWUTS))
	maker := utsOfThisThread()
	found := make(chan string)
	go func() {
		// A new goroutine does not inherit the lock.
		runtime.LockOSThread()
		found <- utsOfThisThread()
	}()
	where := "in the old one"
	if <-found == maker {
		where = "in the new one"
	}
	fmt.Println("a thread made after unshare uts:", where)
}
