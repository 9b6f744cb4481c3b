// NEWROOT: taking it from the arguments, and making it the root.

package skeleton

import "syscall"

// NewRoot takes NEWROOT from the arguments.
func NewRoot() string {
	return Operand("NEWROOT")
}

// The devices that programs expect in /dev: the current path, and the new one.
var (
	devices = [][2]string{
		{"/.old/dev/null", "/dev/null"},
		{"/.old/dev/zero", "/dev/zero"},
		{"/.old/dev/full", "/dev/full"},
		{"/.old/dev/random", "/dev/random"},
		{"/.old/dev/urandom", "/dev/urandom"},
		{"/.old/dev/tty", "/dev/tty"},
	}
	streams = [][2]string{
		{"/proc/self/fd", "/dev/fd"},
		{"/proc/self/fd/0", "/dev/stdin"},
		{"/proc/self/fd/1", "/dev/stdout"},
		{"/proc/self/fd/2", "/dev/stderr"},
	}
)

// FillDev fills a new /dev while the old one can be reached. A user namespace
// may make no device, so each is bound on an empty file. A device that the old
// /dev lacks is missing in the new one too, so a payload finds what it would
// have found outside.
// https://man7.org/linux/man-pages/man2/mknod.2.html
func FillDev() {
	for _, device := range devices {
		from, to := device[0], device[1]
		if syscall.Access(from, 0) != nil {
			continue
		}
		Must("mknod", syscall.Mknod(to, syscall.S_IFREG|0666, 0))
		Must("mount", syscall.Mount(from, to, "", syscall.MS_BIND, ""))
	}
	for _, stream := range streams {
		Must("symlink", syscall.Symlink(stream[0], stream[1]))
	}
}

// EnterNewRoot makes a directory the root, by the calls of the step pivot_root,
// which gives the reason for each. The new /proc is mounted before the old root
// is detached, because in a user namespace the kernel allows a new procfs only
// beside one that is fully visible. fill, if it is given, runs while the old
// root can still be reached, at /.old.
func EnterNewRoot(root string, fill func()) {
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
	if fill != nil {
		fill()
	}

	Must("umount2", syscall.Unmount("/.old", syscall.MNT_DETACH))
	Must("rmdir", syscall.Rmdir("/.old"))
}
