/*
 * pid_detach: the same, with the old /proc detached.
 */
#include "careful.h"

static const int flags = CLONE_NEWPID | CLONE_NEWNS;

static void child(void)
{
	must("umount2", umount2("/proc", MNT_DETACH));
	mount_proc();
}

int main(int argc, char *argv[])
{
	clone_and_exec(flags, child, command(argc, argv, ""));
}
