/*
 * pivot_root: chroot, from which root gets out again.
 *
 * Caught by: root
 */
#include "skeleton.h"

static const int flags = CLONE_NEWNS | CLONE_NEWPID;
static const char *root;

static void child(void)
{
	must("mount", mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must("mount", mount(root, root, NULL, MS_BIND | MS_REC, NULL));
	must("chroot", chroot(root));
	must("chdir", chdir("/"));
	must("mount",
	     mount("none", "/dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, ""));
	must("mount", mount("proc", "/proc", "proc", 0, ""));
}

int main(int argc, char *argv[])
{
	root = new_root(argc, argv);
	return clone_and_exec(flags, child, argv + 2);
}
