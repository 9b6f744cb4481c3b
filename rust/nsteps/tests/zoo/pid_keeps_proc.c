/*
 * pid: the old /proc stays, and shows every process.
 *
 * Caught by: mnt./proc processes.proc processes.visible
 */
#include "skeleton.h"

static void child(void)
{
}

int main(int argc, char *argv[])
{
	return clone_and_exec(CLONE_NEWPID | CLONE_NEWNS, child,
			      payload(argc, argv));
}
