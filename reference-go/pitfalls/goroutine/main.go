// goroutine: a goroutine calls unshare and later runs in another namespace.
//
//	goroutine         unshares and continues
//	goroutine locked  ties itself to its thread first
//
// unshare(2) changes one thread. When a goroutine blocks in a system call, Go
// may continue it on another thread, without notice. The new namespace stays
// with the first thread, and other goroutines then run in it.
// https://man7.org/linux/man-pages/man2/unshare.2.html
package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

// How often the goroutine reads its namespace, and how long it sleeps between.
const (
	samples = 200
	pause   = 100 * time.Microsecond
)

// whereAmI returns the uts namespace of the calling thread. /proc/self would
// give that of the first thread.
func whereAmI() string {
	link, err := os.Readlink("/proc/thread-self/ns/uts")
	if err != nil {
		panic(err)
	}
	return link
}

// wait blocks its thread in the kernel again and again, so that Go has to move
// the other goroutines between threads.
func wait() {
	for {
		nap := syscall.NsecToTimespec(int64(pause))
		syscall.Nanosleep(&nap, nil)
	}
}

func main() {
	// With one processor Go would not move the goroutine.
	runtime.GOMAXPROCS(4)
	if len(os.Args) > 1 && os.Args[1] == "locked" {
		runtime.LockOSThread()
	}
	for range [4]int{} {
		go wait()
	}
	if err := syscall.Unshare(syscall.CLONE_NEWUTS); err != nil {
		panic("unshare: " + err.Error())
	}
	made := whereAmI()
	elsewhere := 0
	for range [samples]int{} {
		time.Sleep(pause)
		if whereAmI() != made {
			elsewhere++
		}
	}
	fmt.Printf("%d samples, %d elsewhere\n", samples, elsewhere)
}
