/*
 * pivot_root: chdir is forgotten, which the kernel forgives and no rule does.
 *
 * Caught by: cwd
 */
#include "skeleton.h"

static const int flags = CLONE_NEWNS | CLONE_NEWPID;
static const char *root;

static void child(void)
{
	char old[PATH_MAX];

	snprintf(old, sizeof(old), "%s/.old", root);
	must("mount", mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must("mount", mount(root, root, NULL, MS_BIND | MS_REC, NULL));
	must("mkdir", mkdir(old, 0700));
	must("pivot_root", pivot_root(root, old));
	must("mount",
	     mount("none", "/dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, ""));
	must("mount", mount("proc", "/proc", "proc", 0, ""));
	must("umount2", umount2("/.old", MNT_DETACH));
	must("rmdir", rmdir("/.old"));
}

int main(int argc, char *argv[])
{
	root = new_root(argc, argv);
	return clone_and_exec(flags, child, argv + 2);
}
