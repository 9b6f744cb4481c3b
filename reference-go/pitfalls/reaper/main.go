// reaper: an init that waits for every child, and also has os/exec make one.
//
// reaper BOUND runs a command until the other goroutine has waited for it, or
// so many times; os/exec then has nothing to wait for.
// https://man7.org/linux/man-pages/man2/wait.2.html
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
)

func reap() {
	for {
		if _, err := syscall.Wait4(-1, nil, 0, nil); err != nil {
			runtime.Gosched()
		}
	}
}

func main() {
	bound, err := strconv.Atoi(os.Args[len(os.Args)-1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "usage: reaper BOUND")
		os.Exit(125)
	}
	go reap()
	for child := 1; child <= bound; child++ {
		err := exec.Command("sh", "-c", "exit 3").Run()
		var ended *exec.ExitError
		if !errors.As(err, &ended) {
			fmt.Printf("child %d: %v\n", child, err)
			return
		}
	}
	fmt.Printf("%d children, none lost\n", bound)
}
