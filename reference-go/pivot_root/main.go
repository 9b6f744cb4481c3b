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

	// pivot_root(2) refuses shared mounts, because the change would propagate.
	skeleton.Must("mount",
		syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
	// The new root has to be a mount. A bind makes one of a directory.
	skeleton.Must("mount",
		syscall.Mount(root, root, "", syscall.MS_BIND|syscall.MS_REC, ""))
	// put_old has to be below the new root. mkdir fails if it exists.
	skeleton.Must("mkdir "+putOld, syscall.Mkdir(putOld, 0700))
	skeleton.Must("pivot_root", syscall.PivotRoot(root, putOld))
	// pivot_root changes a working directory only if it was the old root.
	skeleton.Must("chdir", syscall.Chdir("/"))
	skeleton.Must("mount",
		syscall.Mount("none", "/dev", "tmpfs",
			syscall.MS_NOSUID|syscall.MS_STRICTATIME, ""))
	skeleton.Must("mount", syscall.Mount("proc", "/proc", "proc", 0, ""))
	// A plain umount fails with EBUSY if there are mounts below it.
	skeleton.Must("umount2", syscall.Unmount("/.old", syscall.MNT_DETACH))
	skeleton.Must("rmdir", syscall.Rmdir("/.old"))
}

func main() {
	root = skeleton.NewRoot()
	skeleton.CloneAndExec(flags, child)
}
