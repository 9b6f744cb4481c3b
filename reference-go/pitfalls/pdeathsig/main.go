// pdeathsig: a child that asked to be killed with its parent, and whose parent
// was a thread.
//
// pdeathsig main|locked: the goroutine that starts the child; a locked one ends
// at once, and its thread with it.
// https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// The main thread never ends, so it is kept for main.
func init() {
	runtime.LockOSThread()
}

// start starts a sleep of this many seconds: long enough for a thread to end.
func start(seconds string) *exec.Cmd {
	cmd := exec.Command("sleep", seconds)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(125)
	}
	return cmd
}

func main() {
	started := make(chan *exec.Cmd, 1)
	if len(os.Args) > 1 && os.Args[1] == "locked" {
		go func() {
			runtime.LockOSThread()
			started <- start("5")
		}()
	} else {
		started <- start("0.3")
	}
	cmd := <-started
	if err := cmd.Wait(); err != nil {
		fmt.Println("killed")
		return
	}
	fmt.Println("lived")
}
