/*
 * pid: /proc hides the processes of other users.
 *
 * Caught by: mnt./proc
 */
#include "skeleton.h"

static void child(void)
{
	must("umount", umount("/proc"));
	must("mount", mount("proc", "/proc", "proc", 0, "hidepid=2"));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(CLONE_NEWPID | CLONE_NEWNS, child,
			      payload(argc, argv));
}
