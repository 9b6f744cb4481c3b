// The one interface that a new network namespace has.

package skeleton

import (
	"syscall"
	"unsafe"
)

// BringLoUp sets the flag IFF_UP of lo: a new network namespace has this one
// interface, and it is down.
// https://man7.org/linux/man-pages/man7/netdevice.7.html
func BringLoUp() {
	// The kernel reads and writes a whole struct ifreq, 40 bytes at most;
	// the last field only makes it that large.
	var lo struct {
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}
	copy(lo.name[:], "lo")

	fd, err := syscall.Socket(
		syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	Must("socket", err)
	Must("ioctl", ioctl(fd, syscall.SIOCGIFFLAGS, unsafe.Pointer(&lo)))
	lo.flags |= syscall.IFF_UP
	Must("ioctl", ioctl(fd, syscall.SIOCSIFFLAGS, unsafe.Pointer(&lo)))
	Must("close", syscall.Close(fd))
}

// ioctl takes a pointer and not a number, so that Go does not move what it
// points to until the kernel has finished.
func ioctl(fd int, request uintptr, argument unsafe.Pointer) error {
	_, _, errno := syscall.Syscall(
		syscall.SYS_IOCTL, uintptr(fd), request, uintptr(argument))
	return Failed(errno)
}
