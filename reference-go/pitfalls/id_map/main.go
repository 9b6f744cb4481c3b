// id_map: children that become a command in a user namespace whose map their
// parent writes; syscall has them wait for it on a pipe of its own.
//
// id_map CHILDREN
// https://man7.org/linux/man-pages/man7/user_namespaces.7.html
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(125)
	}
}

// hasCapabilities is the payload's part.
func hasCapabilities() bool {
	status, err := os.ReadFile("/proc/self/status")
	must(err)
	return !strings.Contains(string(status), "CapEff:\t0000000000000000")
}

// root maps one id to root.
func root(id int) []syscall.SysProcIDMap {
	return []syscall.SysProcIDMap{{HostID: id, Size: 1}}
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: id_map CHILDREN")
		os.Exit(125)
	}
	if os.Args[1] == "payload" {
		if !hasCapabilities() {
			os.Exit(1)
		}
		return
	}
	children, err := strconv.Atoi(os.Args[1])
	must(err)
	for i := 1; i <= children; i++ {
		cmd := exec.Command("/proc/self/exe", "payload")
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER,
			UidMappings: root(os.Geteuid()),
			GidMappings: root(os.Getegid()),
		}
		if err := cmd.Run(); err != nil {
			fmt.Printf("child %d lost its capabilities\n", i)
			return
		}
	}
	fmt.Printf("%d children, none lost its capabilities\n", children)
}
