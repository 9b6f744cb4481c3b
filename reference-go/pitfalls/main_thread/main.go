// main_thread: a locked goroutine that unshares and ends. Its thread should
// end with it; the main thread cannot.
//
//	main_thread        whatever thread the goroutine is given
//	main_thread kept   the main thread is locked by main before it starts
//
// https://pkg.go.dev/runtime#LockOSThread
package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

func init() {
	if len(os.Args) > 1 && os.Args[1] == "kept" {
		runtime.LockOSThread()
	}
}

// settle is how long a thread may take to end.
const settle = 20 * time.Millisecond

func uts(process string) string {
	link, err := os.Readlink("/proc/" + process + "/ns/uts")
	if err != nil {
		panic(err)
	}
	return link
}

func main() {
	before := uts("self")
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- syscall.Unshare(syscall.CLONE_NEWUTS)
	}()
	if err := <-done; err != nil {
		panic("unshare: " + err.Error())
	}
	time.Sleep(settle)
	// /proc/PID/ns shows the namespaces of the main thread.
	if uts("self") == before {
		fmt.Println("the process is in the old namespace")
	} else {
		fmt.Println("the process shows the new namespace for ever")
	}
}
