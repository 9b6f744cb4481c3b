// The calls that make a mount as a descriptor, which the standard library does
// not have. Each has one number on every architecture.

package skeleton

import (
	"syscall"
	"unsafe"
)

// Numbers from the kernel's table of system calls.
const (
	sysMoveMount    = 429
	sysFsopen       = 430
	sysFsconfig     = 431
	sysFsmount      = 432
	sysMountSetattr = 442
)

// Values from linux/mount.h and linux/fcntl.h.
const (
	atFdcwd           = -100
	atRecursive       = 0x8000
	fsopenCloexec     = 1
	fsconfigSetString = 1
	fsconfigCmdCreate = 6
	fsmountCloexec    = 1
	moveMountFromFd   = 4
)

// mountAttr is struct mount_attr: what mount_setattr changes about mounts.
type mountAttr struct {
	set, clear, propagation, userNamespace uint64
}

// SetPropagation gives the mount at path and all mounts below it a propagation
// type, as MS_REC does for mount. Linux 5.12.
// https://man7.org/linux/man-pages/man2/mount_setattr.2.html
func SetPropagation(path string, propagation uint64) {
	here := atFdcwd
	attr := mountAttr{propagation: propagation}
	_, _, errno := syscall.Syscall6(sysMountSetattr, uintptr(here),
		uintptr(unsafe.Pointer(text(path))), atRecursive,
		uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	Must("mount_setattr", Failed(errno))
}

// Fsopen returns a descriptor in which a file system of a type is described.
// Linux 5.2.
// https://man7.org/linux/man-pages/man2/fsopen.2.html
func Fsopen(fstype string) int {
	fd, _, errno := syscall.Syscall(sysFsopen,
		uintptr(unsafe.Pointer(text(fstype))), fsopenCloexec, 0)
	Must("fsopen", Failed(errno))
	return int(fd)
}

// FsconfigString gives a file system that is described in fd a parameter.
// https://man7.org/linux/man-pages/man2/fsconfig.2.html
func FsconfigString(fd int, key, value string) {
	_, _, errno := syscall.Syscall6(sysFsconfig, uintptr(fd),
		fsconfigSetString, uintptr(unsafe.Pointer(text(key))),
		uintptr(unsafe.Pointer(text(value))), 0, 0)
	Must("fsconfig", Failed(errno))
}

// FsconfigCreate makes the file system that is described in fd.
// https://man7.org/linux/man-pages/man2/fsconfig.2.html
func FsconfigCreate(fd int) {
	_, _, errno := syscall.Syscall6(sysFsconfig, uintptr(fd),
		fsconfigCmdCreate, 0, 0, 0, 0)
	Must("fsconfig", Failed(errno))
}

// Fsmount returns a mount of the file system, which is attached nowhere yet.
// https://man7.org/linux/man-pages/man2/fsmount.2.html
func Fsmount(fd int) int {
	mount, _, errno := syscall.Syscall(
		sysFsmount, uintptr(fd), fsmountCloexec, 0)
	Must("fsmount", Failed(errno))
	return int(mount)
}

// MoveMount attaches a mount at path.
// https://man7.org/linux/man-pages/man2/move_mount.2.html
func MoveMount(mount int, path string) {
	here := atFdcwd
	_, _, errno := syscall.Syscall6(sysMoveMount, uintptr(mount),
		uintptr(unsafe.Pointer(text(""))), uintptr(here),
		uintptr(unsafe.Pointer(text(path))), moveMountFromFd, 0)
	Must("move_mount", Failed(errno))
}

// text is a string in the kernel's form. A command line and an environment
// contain no zero byte, so a path from them has none.
func text(s string) *byte {
	bytes, err := syscall.BytePtrFromString(s)
	Must("string", err)
	return bytes
}
