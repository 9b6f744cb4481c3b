/*
 * mount_rprivate: MS_REC is forgotten, and what is below / stays shared.
 *
 * Where: shared
 * Caught by: mnt.propagation mnt./
 */
#include "skeleton.h"

static void child(void)
{
	must("mount", mount("none", "/", NULL, MS_PRIVATE, NULL));
	must("mount", mount("none", mytmp(), "tmpfs", 0, ""));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(CLONE_NEWNS, child, payload(argc, argv));
}
