// pivot_root: another root directory, with no way back to the old one.
//
// Follows Matthew Tejo and Daniel Mitre.
// https://man7.org/linux/man-pages/man2/clone.2.html
// https://man7.org/linux/man-pages/man2/mount.2.html
// https://man7.org/linux/man-pages/man2/pivot_root.2.html
// https://man7.org/linux/man-pages/man2/chdir.2.html
// https://man7.org/linux/man-pages/man2/umount.2.html
package main

import (
	"syscall"

	"nsteps/internal/skeleton"
)

const flags = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID

var root string

// The child: PID 1 of the new namespace. It moves into the new root, becomes
// the payload, and ends with it; the kernel then kills every process of the
// namespace.
func child() {
	putOld := root + "/.old"

	// The kernel pivots no shared mount, because that would spread.
	skeleton.Must("mount",
		syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
	// The new root has to be a mount. A bind makes one of a directory.
	skeleton.Must("mount",
		syscall.Mount(root, root, "", syscall.MS_BIND|syscall.MS_REC, ""))
	// put_old lies below the new root; one that exists is not ours.
	skeleton.Must("mkdir "+putOld, syscall.Mkdir(putOld, 0700))
	skeleton.Must("pivot_root", syscall.PivotRoot(root, putOld))
	// A working directory is moved only if it was the old root.
	skeleton.Must("chdir", syscall.Chdir("/"))
	skeleton.Must("mount",
		syscall.Mount("none", "/dev", "tmpfs",
			syscall.MS_NOSUID|syscall.MS_STRICTATIME, ""))
	skeleton.Must("mount", syscall.Mount("proc", "/proc", "proc", 0, ""))
	// A plain umount is EBUSY where there are mounts below it.
	skeleton.Must("umount2", syscall.Unmount("/.old", syscall.MNT_DETACH))
	skeleton.Must("rmdir", syscall.Rmdir("/.old"))
}

func main() {
	root = skeleton.NewRoot()
	skeleton.CloneAndExec(flags, child)
}
