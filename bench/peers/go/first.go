// The time until the first instruction of a payload, which reports it.
package main

import (
	"syscall"
	"unsafe"

	"nsteps/internal/skeleton"
)

const (
	// A payload whose first act is to read the clock, and the descriptor
	// that it writes to.
	firstPayload = "/nsteps/bench/first"
	toldAs       = 9

	clockMonotonic = 1
)

// told is the descriptor to read that from; 0 before there is a pipe.
var told int

func listenToFirst() {
	if told == 0 {
		told = pipeWithChildren(toldAs, false)
	}
}

// clock returns what the payload's clock says now, in nanoseconds. A time of
// package time has no number that another process could compare.
func clock() int64 {
	var now syscall.Timespec
	_, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME,
		clockMonotonic, uintptr(unsafe.Pointer(&now)), 0)
	skeleton.Must("clock_gettime", skeleton.Failed(errno))
	return now.Nano()
}

// backToFirst makes the last measured time end when the payload has read the
// clock. The payload has ended, so its report can be read. The last measured time
// is no bound for it: it began later than begun, by as much as an interruption
// took.
func backToFirst(begun int64) {
	var then syscall.Timespec
	size := int(unsafe.Sizeof(then))
	words := (*[unsafe.Sizeof(then)]byte)(unsafe.Pointer(&then))
	n, err := syscall.Read(told, words[:])
	if err != nil || n != size {
		panic("the payload has reported no time")
	}
	since := then.Nano() - begun
	if since <= 0 || since > clock()-begun {
		panic("the payload has reported an impossible time")
	}
	taken[len(taken)-1] = since
}
