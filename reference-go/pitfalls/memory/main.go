// memory: how long it takes to start a child, by each way, while the parent
// holds so much memory.
//
// memory MIB prints microseconds, the least of a few attempts.
// https://man7.org/linux/man-pages/man2/vfork.2.html
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

const attempts = 5

// noHugePage is not in syscall on every architecture. Huge pages have small
// page tables.
const noHugePage = 15

func hold(mib int) []byte {
	if mib == 0 {
		return nil
	}
	memory, err := syscall.Mmap(-1, 0, mib<<20,
		syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON)
	must(err)
	// Some kernels have no huge pages, and refuse the advice.
	_ = syscall.Madvise(memory, noHugePage)
	for at := 0; at < len(memory); at += 4096 {
		memory[at] = 1
	}
	return memory
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(125)
	}
}

func measure(way string, attributes syscall.SysProcAttr) {
	least := time.Duration(-1)
	for range [attempts]int{} {
		cmd := exec.Command("true")
		cmd.SysProcAttr = &attributes
		before := time.Now()
		must(cmd.Start())
		took := time.Since(before)
		must(cmd.Wait())
		if least < 0 || took < least {
			least = took
		}
	}
	fmt.Println(way, least.Microseconds())
}

func main() {
	mib := 0
	if len(os.Args) > 1 {
		var err error
		mib, err = strconv.Atoi(os.Args[1])
		must(err)
	}
	memory := hold(mib)
	measure("cmd", syscall.SysProcAttr{})
	measure("cmd_newuser",
		syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER})
	if memory != nil {
		must(syscall.Munmap(memory))
	}
}
