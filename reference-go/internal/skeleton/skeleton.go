// Package skeleton is the common part of the steps: it makes the namespaces
// that a step asks for, lets the step work in them, and becomes the payload.
//
// Go runs no code of a step between clone and exec, because the new process
// then shares memory with a runtime whose threads it does not have. What C does
// in the child is done here by a second start of the same program, with a role.
package skeleton

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// command is the rest of the arguments, operands those that Operand took.
var (
	command  = os.Args[1:]
	operands = ""
)

// CloneAndExec clones with flags; the clone runs child and then becomes the
// payload. It waits for the payload and panics if the payload fails. If there
// is nothing to do in between, child is nil and os/exec starts the payload
// itself. A prepare function may ask for more than flags can say.
// https://man7.org/linux/man-pages/man2/clone.2.html
func CloneAndExec(
	flags uintptr, child func(), prepare ...func(*syscall.SysProcAttr),
) {
	if startedAs(asChild, asInit) {
		child()
		ExecPayload()
	}
	NeedCommand()

	cmd := exec.Command(command[0], command[1:]...)
	if child != nil {
		cmd = &exec.Cmd{Path: self, Args: arguments(asChild)}
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
	for _, ask := range prepare {
		ask(cmd.SysProcAttr)
	}

	err := cmd.Start()
	if child != nil {
		Must("clone", err)
	}
	// os/exec does not distinguish a failed clone from a failed exec: its
	// message names both and the program, so it is not shortened to one of
	// the two.
	if err != nil {
		panic(err)
	}
	if err := cmd.Wait(); err != nil {
		panic(err)
	}
}

// ExecPayload becomes the payload, whose name is looked up in the new root.
// https://man7.org/linux/man-pages/man2/execve.2.html
func ExecPayload() {
	Must("execvp", syscall.Exec(lookPath(), command, os.Environ()))
}

// Must panics with the name of a call and what the kernel said, if it failed.
func Must(call string, err error) {
	if err == nil {
		return
	}
	// The packages of Go wrap the error number in types of their own.
	var errno syscall.Errno
	if errors.As(err, &errno) {
		err = errno
	}
	panic(call + ": " + err.Error())
}

// Failed returns the error of a raw system call, which reports success as the
// error number 0.
func Failed(errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}

// MyTmp returns the directory on which a step may mount.
func MyTmp() string {
	if dir, set := os.LookupEnv("MYTMP"); set {
		return dir
	}
	return "/mytmp"
}

// Operand takes the argument called name from before the command.
func Operand(name string) string {
	operands += name + " "
	NeedCommand()
	first := command[0]
	command = command[1:]
	NeedCommand()
	return first
}

// PID takes PID, the process to join, from the arguments.
func PID() int {
	pid, err := strconv.Atoi(Operand("PID"))
	if err != nil || pid <= 0 {
		usage()
	}
	return pid
}

// NeedCommand ends the program with a usage line if no argument is left.
func NeedCommand() {
	if len(command) == 0 {
		usage()
	}
}

func usage() {
	step := filepath.Base(os.Args[0])
	fmt.Fprintf(os.Stderr, "usage: %s %sCMD [ARG...]\n", step, operands)
	os.Exit(125)
}

// lookPath finds the program of the payload.
func lookPath() string {
	path, err := exec.LookPath(command[0])
	// execvp has an error number for a name that no directory of PATH holds.
	if errors.Is(err, exec.ErrNotFound) {
		err = syscall.ENOENT
	}
	Must("execvp", err)
	return path
}
