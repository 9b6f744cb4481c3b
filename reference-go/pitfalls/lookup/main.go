// lookup: looks a name up in PATH, for a child that will get a new root.
//
// lookup ROOT NAME: exec.Command has searched before there is a child.
// https://pkg.go.dev/os/exec#LookPath
package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: lookup ROOT NAME")
		os.Exit(125)
	}
	cmd := exec.Command(os.Args[2])
	cmd.Dir = "/"
	cmd.Stdout = os.Stdout
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: os.Args[1]}
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(127)
	}
}
