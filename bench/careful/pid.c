/*
 * pid: a new pid namespace with its own /proc.
 */
#include "careful.h"

static const int flags = CLONE_NEWPID | CLONE_NEWNS;

static void child(void)
{
	must("umount", umount("/proc"));
	mount_proc();
}

int main(int argc, char *argv[])
{
	clone_and_exec(flags, child, command(argc, argv, ""));
}
