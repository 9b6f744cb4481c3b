/*
 * pivot_root: put_old is unmounted, and its directory left behind.
 *
 * Caught by: residue.files
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
	must("chdir", chdir("/"));
	must("mount",
	     mount("none", "/dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, ""));
	must("mount", mount("proc", "/proc", "proc", 0, ""));
	must("umount2", umount2("/.old", MNT_DETACH));
}

int main(int argc, char *argv[])
{
	root = new_root(argc, argv);
	return clone_and_exec(flags, child, argv + 2);
}
