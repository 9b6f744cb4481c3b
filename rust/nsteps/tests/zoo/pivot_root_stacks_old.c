/*
 * pivot_root: pivot_root(".", "."), and the old root stays stacked on the new.
 *
 * Caught by: mnt mnt./#2
 */
#include "skeleton.h"

static const char *root;

static void child(void)
{
	must("mount", mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must("mount", mount(root, root, NULL, MS_BIND | MS_REC, NULL));
	must("chdir", chdir(root));
	must("pivot_root", pivot_root(".", "."));
	must("mount",
	     mount("none", "/dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, ""));
	must("mount", mount("proc", "/proc", "proc", 0, ""));
}

int main(int argc, char *argv[])
{
	root = new_root(argc, argv);
	return clone_and_exec(CLONE_NEWNS | CLONE_NEWPID, child, argv + 2);
}
