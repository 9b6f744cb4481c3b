/*
 * pid_detach: PID 1, with its own /proc, even if the old one is busy.
 *
 * Follows Matthew Tejo.
 * https://man7.org/linux/man-pages/man2/clone.2.html
 * https://man7.org/linux/man-pages/man2/umount.2.html
 * https://man7.org/linux/man-pages/man2/mount.2.html
 * https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
 */
#include "skeleton.h"

/* Without CLONE_NEWNS the child would replace its parent's /proc. */
static const int flags = CLONE_NEWPID | CLONE_NEWNS;
static char **command;

/*
 * The child: PID 1 of the new namespace. It replaces the old /proc by that of
 * its own namespace, becomes the payload, and ends with it; the kernel then
 * kills every process of the namespace. MNT_DETACH unmounts /proc with all that
 * is mounted below it, where a plain umount fails with EBUSY. If / is shared,
 * both calls also change the parent's /proc by propagation; the post makes /
 * private in a shell first.
 *
 * As published, the mounts are not checked, and if exec fails the child prints
 * nothing and ends with 0.
 */
static void child(void)
{
	umount2("/proc", MNT_DETACH);
	mount("proc", "/proc", "proc", 0, "");

	execvp(command[0], command);
	_exit(0);
}

int main(int argc, char *argv[])
{
	command = payload(argc, argv);

	/* As published; on a pipe this follows the payload's output. */
	printf("starting...\n");

	/* As published, the status is 0 even if there was no child. */
	clone_and_exec(flags, child, command);
	return 0;
}
