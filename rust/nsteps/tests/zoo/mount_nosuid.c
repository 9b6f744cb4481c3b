/*
 * mount: a mount option that the step does not have.
 *
 * Caught by: mnt./mytmp
 */
#include "skeleton.h"

static void child(void)
{
	must("mount", mount("none", mytmp(), "tmpfs", MS_NOSUID, ""));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(CLONE_NEWNS, child, payload(argc, argv));
}
