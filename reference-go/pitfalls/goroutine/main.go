// goroutine: one that unshares, and is then seen in another namespace.
//
//	goroutine         unshares and goes on
//	goroutine locked  ties itself to its thread first
//
// unshare(2) changes one thread. Go moves a goroutine to another whenever the
// one it ran on waits for the kernel, and nothing tells the goroutine. What it
// made stays behind, and other goroutines find themselves in it.
// https://man7.org/linux/man-pages/man2/unshare.2.html
package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

// How often the goroutine looks where it is, and how long it sleeps between.
const (
	samples = 200
	pause   = 100 * time.Microsecond
)

// whereAmI is the uts namespace of the thread that runs this, not of the
// process: /proc/self is the first thread's.
func whereAmI() string {
	link, err := os.Readlink("/proc/thread-self/ns/uts")
	if err != nil {
		panic(err)
	}
	return link
}

// wait keeps a thread busy with the kernel, so that the others have more to
// do than there are threads.
func wait() {
	for {
		nap := syscall.NsecToTimespec(int64(pause))
		syscall.Nanosleep(&nap, nil)
	}
}

func main() {
	// One processor gives away no thread while a goroutine runs on it.
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
