/*
 * mount_rprivate: slave instead of private: the host's mounts still
 * arrive.
 *
 * Where: shared
 * Caught by: mnt.propagation
 */
#include "skeleton.h"

static void child(void)
{
	must("mount", mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL));
	must("mount", mount("none", mytmp(), "tmpfs", 0, ""));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(CLONE_NEWNS, child, payload(argc, argv));
}
