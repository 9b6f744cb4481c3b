// grow: makes the peer large before anything is timed, and says how large it
// has become: in memory, in threads, in mounts.
package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"nsteps/internal/skeleton"
)

const (
	mib = 1 << 20

	madvNohugepage = 15
)

// Keeps the memory reachable, so that it is not collected.
var grown [][]byte

// grow grows, and returns the new size as a file of /proc states it.
func grow(what string, count int) string {
	switch what {
	case "memory":
		return fmt.Sprintf("KiB*%d", growMemory(count))
	case "threads":
		return fmt.Sprintf("threads*%d", growThreads(count))
	case "mounts":
		return fmt.Sprintf("mounts*%d", growMounts(count))
	}
	panic("nothing grows in " + what)
}

// growMemory takes memory of its own, in pages of the smallest size whatever
// the machine prefers. smaps_rollup counts; VmRSS would be an estimate.
func growMemory(count int) int {
	if count > 0 {
		memory, err := syscall.Mmap(-1, 0, count*mib,
			syscall.PROT_READ|syscall.PROT_WRITE,
			syscall.MAP_PRIVATE|syscall.MAP_ANON)
		skeleton.Must("mmap", err)
		// A kernel without huge pages does not have this advice.
		_ = syscall.Madvise(memory, madvNohugepage)
		for at := 0; at < len(memory); at += os.Getpagesize() {
			memory[at] = 1
		}
		grown = append(grown, memory)
	}
	return numberIn("/proc/self/smaps_rollup", "Rss:")
}

// growThreads starts goroutines that sleep as long as the peer lives, each
// locked to a thread. The runtime adds threads of its own.
func growThreads(count int) int {
	locked := make(chan bool)
	for i := 0; i < count; i++ {
		go func() {
			runtime.LockOSThread()
			locked <- true
			select {}
		}()
	}
	for i := 0; i < count; i++ {
		<-locked
	}
	return numberIn("/proc/self/status", "Threads:")
}

// growMounts makes a mount namespace of its own, with a tmpfs and directories
// bound in it.
func growMounts(count int) int {
	skeleton.Must("unshare", syscall.Unshare(syscall.CLONE_NEWNS))
	target := skeleton.MyTmp()
	if count > 0 {
		skeleton.Must("mount", syscall.Mount("none", target, "tmpfs", 0, ""))
	}
	for i := 1; i < count; i++ {
		path := fmt.Sprintf("%s/%d", target, i)
		skeleton.Must("mkdir", syscall.Mkdir(path, 0o700))
		skeleton.Must("mount",
			syscall.Mount(path, path, "", syscall.MS_BIND, ""))
	}
	table, err := os.ReadFile("/proc/thread-self/mountinfo")
	if err != nil {
		panic(err)
	}
	return bytes.Count(table, []byte{'\n'})
}

// numberIn returns the number behind a word in a file of /proc/self.
func numberIn(path, word string) int {
	text, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, word) {
			fields := strings.Fields(strings.TrimPrefix(line, word))
			number, err := strconv.Atoi(fields[0])
			if err != nil {
				panic(err)
			}
			return number
		}
	}
	panic(path + " has no " + word)
}
