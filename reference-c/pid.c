/*
 * pid: PID 1, with a /proc of its own namespace.
 *
 * Follows Michael Crosby and *Containers do not exist*.
 * https://man7.org/linux/man-pages/man2/clone.2.html
 * https://man7.org/linux/man-pages/man2/umount.2.html
 * https://man7.org/linux/man-pages/man2/mount.2.html
 * https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
 */
#include "skeleton.h"

/* Without CLONE_NEWNS the child would replace its parent's /proc. */
static const int flags = CLONE_NEWPID | CLONE_NEWNS;

/*
 * The child: PID 1 of the new namespace. It replaces the old /proc by that of
 * its own namespace, becomes the payload, and ends with it; the kernel then
 * kills every process of the namespace. The umount fails with EBUSY if
 * something is mounted below /proc, and where / is shared the parent's /proc is
 * replaced, too.
 */
static void child(void)
{
	must("umount", umount("/proc"));
	must("mount", mount("proc", "/proc", "proc", 0, ""));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(flags, child, payload(argc, argv));
}
