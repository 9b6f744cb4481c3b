// A child that becomes a program in another cgroup: it goes there itself, its
// parent puts it there and lets it continue, or it is born there.
//
// https://man7.org/linux/man-pages/man7/cgroups.7.html
package main

import (
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"nsteps/internal/skeleton"
)

const (
	attachPayload = "/nsteps/bench/attach"
	cgroupPath    = "/newroot/attach"

	// The descriptor on which the payload waits.
	gate = 8

	// The pause between two spaced measurements.
	space = 20 * time.Millisecond
)

// What a witness has seen: in the cgroup at the beginning, and at the end.
var ways = []string{"kept", "left", "moved", "born"}

// attachTo is what every measurement needs; it is opened once.
var attachTo struct {
	opened              bool
	gate, cgroup, procs int
}

func openCgroup() {
	if attachTo.opened {
		return
	}
	attachTo.opened = true
	attachTo.gate = pipeWithChildren(gate, true)
	cgroup, err := syscall.Open(cgroupPath,
		syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	skeleton.Must("open", err)
	procs, err := syscall.Open(cgroupPath+"/cgroup.procs",
		syscall.O_WRONLY|syscall.O_CLOEXEC, 0)
	skeleton.Must("open", err)
	attachTo.cgroup, attachTo.procs = cgroup, procs
}

// pipeWithChildren makes a pipe of which every child has one end as the
// descriptor as: the one to read from, or the other. It returns the end that
// is this process's alone.
func pipeWithChildren(as int, toRead bool) int {
	var ends [2]int
	flags := syscall.O_CLOEXEC
	if !toRead {
		flags |= syscall.O_NONBLOCK
	}
	skeleton.Must("pipe2", syscall.Pipe2(ends[:], flags))
	own, theirs := ends[0], ends[1]
	if toRead {
		own, theirs = theirs, own
	}
	skeleton.Must("dup3", syscall.Dup3(theirs, as, 0))
	skeleton.Must("close", syscall.Close(theirs))
	return own
}

// benchAttach measures from before the child is made until it has been waited
// for, as Go programs do it: os/exec, with UseCgroupFD at birth.
func benchAttach(way string, spaced bool, count int) {
	openCgroup()
	for i := 0; i < count+witnesses; i++ {
		isWitness := i == 0 || i > count
		var words []string
		if way == "child" {
			words = append(words, "c")
		} else if way == "parent" {
			words = append(words, "p")
		}
		if isWitness {
			words = append(words, "w")
		}
		cmd := exec.Command(attachPayload, words...)
		if way == "birth" {
			cmd.SysProcAttr = intoCgroup(attachTo.cgroup)
		}
		if spaced {
			time.Sleep(space)
		}
		start()
		err := cmd.Start()
		if err != nil {
			panic(err)
		}
		if way == "parent" {
			pid := []byte(strconv.Itoa(cmd.Process.Pid))
			_, err = syscall.Write(attachTo.procs, pid)
			skeleton.Must("write", err)
			_, err = syscall.Write(attachTo.gate, []byte{0})
			skeleton.Must("write", err)
		}
		err = cmd.Wait()
		stop()
		childExited(cmd, err, isWitness)
	}
}
