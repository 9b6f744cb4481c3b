//go:build go1.20

// A child that is born in a cgroup, where Go can say so.
package main

import "syscall"

func intoCgroup(fd int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: fd}
}
