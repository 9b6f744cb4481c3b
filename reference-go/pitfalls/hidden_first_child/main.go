// hidden_first_child: an unshare of the pid namespace, and the first start of
// a process after it, by three ways.
//
// hidden_first_child command|warm|forkexec|version: os/exec; os/exec when it
// has started something before; syscall, which starts what it is told to and
// nothing else.
// https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

func main() {
	way := ""
	if len(os.Args) > 1 {
		way = os.Args[1]
	}
	if way == "version" {
		fmt.Println(runtime.Version())
		return
	}
	// unshare changes one thread.
	runtime.LockOSThread()
	if way == "warm" {
		say("a start before", exec.Command("true").Run())
	}
	if err := syscall.Unshare(syscall.CLONE_NEWPID); err != nil {
		fmt.Fprintln(os.Stderr, "unshare:", err)
		os.Exit(125)
	}
	if way == "forkexec" {
		path, err := exec.LookPath("sh")
		if err == nil {
			err = forkExec(path)
		}
		say("syscall.ForkExec", err)
		return
	}
	cmd := exec.Command("sh", "-c", "echo pid $$")
	cmd.Stdout = os.Stdout
	say("exec.Command", cmd.Run())
}

func forkExec(path string) error {
	pid, err := syscall.ForkExec(path, []string{"sh", "-c", "echo pid $$"},
		&syscall.ProcAttr{Files: []uintptr{0, 1, 2}})
	if err != nil {
		return err
	}
	_, err = syscall.Wait4(pid, nil, 0, nil)
	return err
}

// say prints what the kernel said, without the words that Go puts around it.
func say(what string, err error) {
	var errno syscall.Errno
	switch {
	case err == nil:
		fmt.Printf("%s: ok\n", what)
	case errors.As(err, &errno):
		fmt.Printf("%s: %v\n", what, errno)
	default:
		fmt.Printf("%s: %v\n", what, err)
	}
}
