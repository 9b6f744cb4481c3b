// user_lookup: a process that changes its root, and then looks a user up.
//
// user_lookup ROOT NAME [EARLIER] prints the id of the user; EARLIER is looked
// up before. The Makefile builds it twice: with cgo, as `go build` does where
// there is a C compiler, os/user asks the C library, and without it reads
// /etc/passwd itself.
// https://pkg.go.dev/os/user
package main

import (
	"fmt"
	"os"
	"os/user"
	"syscall"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: user_lookup ROOT NAME [EARLIER]")
		os.Exit(125)
	}
	root, name := os.Args[1], os.Args[2]
	if len(os.Args) > 3 {
		_, _ = user.Lookup(os.Args[3])
	}
	end(syscall.Chroot(root))
	end(syscall.Chdir("/"))
	found, err := user.Lookup(name)
	if _, unknown := err.(user.UnknownUserError); unknown {
		fmt.Println("no such user")
		return
	}
	end(err)
	fmt.Println("uid", found.Uid)
}

func end(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(125)
	}
}
