//go:build !go1.20

// A child that is born in a cgroup, which Go before 1.20 cannot say.
package main

import "syscall"

func intoCgroup(fd int) *syscall.SysProcAttr {
	panic("SysProcAttr.UseCgroupFD is of Go 1.20")
}
