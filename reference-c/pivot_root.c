/*
 * pivot_root: another root directory, with no way back to the old one.
 *
 * Follows Matthew Tejo and Daniel Mitre.
 * https://man7.org/linux/man-pages/man2/clone.2.html
 * https://man7.org/linux/man-pages/man2/mount.2.html
 * https://man7.org/linux/man-pages/man2/pivot_root.2.html
 * https://man7.org/linux/man-pages/man2/chdir.2.html
 * https://man7.org/linux/man-pages/man2/umount.2.html
 */
#include "skeleton.h"

static const int flags = CLONE_NEWNS | CLONE_NEWPID;
static const char *root;
static char **command;

/*
 * The child: PID 1 of the new namespace. It moves into the new root, becomes
 * the payload, and ends with it; the kernel then kills every process of the
 * namespace.
 *
 * As published, the mounts are not checked, and if exec fails the child prints
 * nothing and ends with 0. A careful program checks each mount; the comment at
 * each says what fails otherwise.
 */
static void child(void)
{
	char put_old[PATH_MAX];

	/*
	 * The kernel pivots no shared mount: pivot_root would fail with EINVAL.
	 */
	mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
	/*
	 * A bind makes a mount of the new root; without it pivot_root is
	 * EINVAL.
	 */
	mount(root, root, NULL, MS_BIND | MS_REC, NULL);
	/* put_old has to be below the new root. mkdir fails if it exists. */
	snprintf(put_old, sizeof(put_old), "%s/.old", root);
	if (mkdir(put_old, 0700) == -1) {
		warn("mkdir %s", put_old);
		_exit(1);
	}
	/* As published; exec discards this text if stdout is a pipe. */
	printf("pivot setup ok\n");
	must("pivot_root", pivot_root(root, put_old));
	/*
	 * pivot_root changes a working directory only if it was the old root.
	 */
	must("chdir", chdir("/"));
	/* Without these the payload has the /dev and /proc of the directory. */
	mount("none", "/dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "");
	mount("proc", "/proc", "proc", 0, "");
	/*
	 * A plain umount fails with EBUSY if there are mounts below it, and
	 * then so does rmdir.
	 */
	umount2("/.old", MNT_DETACH);
	must("rmdir", rmdir("/.old"));

	execvp(command[0], command);
	_exit(0);
}

int main(int argc, char *argv[])
{
	root = new_root(argc, argv);
	command = argv + 2;

	/* As published; on a pipe this follows the payload's output. */
	printf("starting...\n");

	/* As published, the status is 0 even if there was no child. */
	clone_and_exec(flags, child, command);
	return 0;
}
