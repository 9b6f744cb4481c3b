// another_user: a child that becomes another user, by a Credential, and then a
// command.
//
// another_user WAY ID CMD [ARG...] ends as the command ends, and with 125 if
// Go cannot start it.
// https://pkg.go.dev/syscall#Credential
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

var ways = map[string]func(id uint32) *syscall.Credential{
	"uid": func(id uint32) *syscall.Credential {
		return &syscall.Credential{Uid: id}
	},
	"ids": func(id uint32) *syscall.Credential {
		return &syscall.Credential{Uid: id, Gid: id}
	},
	"no_set_groups": func(id uint32) *syscall.Credential {
		return &syscall.Credential{Uid: id, Gid: id, NoSetGroups: true}
	},
}

func main() {
	if len(os.Args) < 4 || ways[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: another_user WAY ID CMD [ARG...]")
		os.Exit(125)
	}
	id, err := strconv.ParseUint(os.Args[2], 10, 32)
	end(err)
	cmd := exec.Command(os.Args[3], os.Args[4:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential: ways[os.Args[1]](uint32(id)),
	}
	end(cmd.Run())
}

func end(err error) {
	if err == nil {
		return
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		os.Exit(exit.ExitCode())
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(125)
}
