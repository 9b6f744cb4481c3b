// NEWROOT: taking it from the arguments, and making it the root.

package skeleton

import "syscall"

// NewRoot takes NEWROOT from the arguments.
func NewRoot() string {
	return Operand("NEWROOT")
}

// EnterNewRoot makes a directory the root: the calls of the step pivot_root,
// where each has its reason beside it. The new /proc is mounted before the old
// root goes, as a user namespace may mount proc only where a whole one is
// visible.
func EnterNewRoot(root string) {
	putOld := root + "/.old"

	Must("mount",
		syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
	Must("mount",
		syscall.Mount(root, root, "", syscall.MS_BIND|syscall.MS_REC, ""))
	Must("mkdir "+putOld, syscall.Mkdir(putOld, 0700))
	Must("pivot_root", syscall.PivotRoot(root, putOld))
	Must("chdir", syscall.Chdir("/"))

	Must("mount",
		syscall.Mount("none", "/dev", "tmpfs",
			syscall.MS_NOSUID|syscall.MS_STRICTATIME, ""))
	Must("mount", syscall.Mount("proc", "/proc", "proc", 0, ""))

	Must("umount2", syscall.Unmount("/.old", syscall.MNT_DETACH))
	Must("rmdir", syscall.Rmdir("/.old"))
}
