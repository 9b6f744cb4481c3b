// Two calls that the standard library does not have. They use RawSyscall, which
// does not tell the scheduler: they change the calling thread, which the caller
// has locked.

package skeleton

import "syscall"

// sysPidfdOpen is the same number on every architecture that has sysSetns.
const sysPidfdOpen = 434

// PidfdOpen returns a descriptor of a process, which exec closes.
// https://man7.org/linux/man-pages/man2/pidfd_open.2.html
func PidfdOpen(pid int) int {
	fd, _, errno := syscall.RawSyscall(sysPidfdOpen, uintptr(pid), 0, 0)
	Must("pidfd_open", Failed(errno))
	return int(fd)
}

// Setns moves the calling thread into namespaces of a process.
// https://man7.org/linux/man-pages/man2/setns.2.html
func Setns(pidfd, types int) error {
	_, _, errno := syscall.RawSyscall(
		sysSetns, uintptr(pidfd), uintptr(types), 0)
	return Failed(errno)
}
