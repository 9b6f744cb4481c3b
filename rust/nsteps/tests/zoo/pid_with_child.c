/*
 * pid: the payload is given a child that it never made.
 *
 * Caught by: processes.visible
 */
#include "skeleton.h"

static void child(void)
{
	must("umount", umount("/proc"));
	must("mount", mount("proc", "/proc", "proc", 0, ""));
	if (must("fork", fork()) == 0)
		_exit(0);
}

int main(int argc, char *argv[])
{
	return clone_and_exec(CLONE_NEWPID | CLONE_NEWNS, child,
			      payload(argc, argv));
}
