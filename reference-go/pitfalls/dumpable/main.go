// dumpable: what a child that changes its ids leaves behind in its parent: the
// two share the memory until the child becomes the command.
//
// dumpable nothing|credential|credential_newuser prints whether this process
// may be dumped and traced (1) or not (0) after the child has ended.
// https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html
package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

const otherID = 1000

var ways = map[string]*syscall.SysProcAttr{
	"nothing": {},
	"credential": {
		Credential: &syscall.Credential{Uid: otherID, Gid: otherID},
	},
	// With a user namespace Go shares no memory. The ids are those inside.
	"credential_newuser": {
		Cloneflags: syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{
			{ContainerID: otherID, HostID: os.Geteuid(), Size: 1},
		},
		GidMappings: []syscall.SysProcIDMap{
			{ContainerID: otherID, HostID: os.Getegid(), Size: 1},
		},
		Credential: &syscall.Credential{
			Uid: otherID, Gid: otherID, NoSetGroups: true,
		},
	},
}

func main() {
	attr := ways["nothing"]
	if len(os.Args) == 2 {
		attr = ways[os.Args[1]]
	}
	cmd := exec.Command("true")
	cmd.SysProcAttr = attr
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(125)
	}
	dumpable, _, errno := syscall.RawSyscall(
		syscall.SYS_PRCTL, syscall.PR_GET_DUMPABLE, 0, 0)
	if errno != 0 {
		fmt.Fprintln(os.Stderr, "prctl:", errno)
		os.Exit(125)
	}
	fmt.Println(dumpable)
}
