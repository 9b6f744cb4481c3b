/*
 * net_mount_uts_ipc: the same, and a new IPC namespace.
 */
#include "careful.h"

static const int flags =
	CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC;

static void child(void)
{
	mount_mytmp();
	set_hostname("custom_hostname");
}

int main(int argc, char *argv[])
{
	clone_and_exec(flags, child, command(argc, argv, ""));
}
