/*
 * net_mount: a tmpfs in a new mount and a new network namespace.
 */
#include "careful.h"

static const int flags = CLONE_NEWNET | CLONE_NEWNS;

static void child(void)
{
	mount_mytmp();
}

int main(int argc, char *argv[])
{
	clone_and_exec(flags, child, command(argc, argv, ""));
}
