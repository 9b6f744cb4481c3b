/*
 * net_mount_uts: the same, and a host name.
 */
#include "careful.h"

static const int flags = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS;

static void child(void)
{
	mount_mytmp();
	set_hostname("custom_hostname");
}

int main(int argc, char *argv[])
{
	clone_and_exec(flags, child, command(argc, argv, ""));
}
