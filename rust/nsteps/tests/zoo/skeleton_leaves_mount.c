/*
 * skeleton: a mount is left behind on the host.
 *
 * Caught by: mnt./mytmp host.mnt./mytmp residue.mnt./mytmp
 */
#include "skeleton.h"

static void child(void)
{
	must("mount", mount("none", mytmp(), "tmpfs", 0, ""));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
