/*
 * mount: a tmpfs in a new mount namespace.
 */
#include "careful.h"

static const int flags = CLONE_NEWNS;

static void child(void)
{
	mount_mytmp();
}

int main(int argc, char *argv[])
{
	clone_and_exec(flags, child, command(argc, argv, ""));
}
