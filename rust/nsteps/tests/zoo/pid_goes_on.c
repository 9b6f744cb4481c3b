/*
 * pid: a busy /proc is detached, where the step has to fail.
 *
 * Where: proc_nested
 * Caught by: refused ns.pid
 */
#include "skeleton.h"

static void child(void)
{
	must("umount2", umount2("/proc", MNT_DETACH));
	must("mount", mount("proc", "/proc", "proc", 0, ""));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(CLONE_NEWPID | CLONE_NEWNS, child,
			      payload(argc, argv));
}
