/*
 * pid: without a mount namespace the host's /proc is traded.
 *
 * Caught by: namespaces ns.mnt host.mnt./proc residue.mnt./proc
 */
#include "skeleton.h"

static void child(void)
{
	must("umount", umount("/proc"));
	must("mount", mount("proc", "/proc", "proc", 0, ""));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(CLONE_NEWPID, child, payload(argc, argv));
}
