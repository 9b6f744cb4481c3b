/*
 * net_mount_uts_ipc_pid: the same, and a new pid namespace with its own /proc.
 */
#include "careful.h"

static const int flags =
	CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID;

static void child(void)
{
	mount_mytmp();
	set_hostname("custom_hostname");
	must("umount", umount("/proc"));
	mount_proc();
}

int main(int argc, char *argv[])
{
	clone_and_exec(flags, child, command(argc, argv, ""));
}
