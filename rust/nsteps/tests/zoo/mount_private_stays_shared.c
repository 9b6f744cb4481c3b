/*
 * mount_private: / is not made private, and the tmpfs reaches the host.
 *
 * Where: shared
 * Caught by: mnt./ host.mnt./mytmp residue.mnt./mytmp
 */
#include "skeleton.h"

static void child(void)
{
	must("mount", mount("none", mytmp(), "tmpfs", 0, ""));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(CLONE_NEWNS, child, payload(argc, argv));
}
