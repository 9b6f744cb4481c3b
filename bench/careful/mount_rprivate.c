/*
 * mount_rprivate: the same, with / and all below it private.
 */
#include "careful.h"

static const int flags = CLONE_NEWNS;

static void child(void)
{
	make_private(MS_REC);
	mount_mytmp();
}

int main(int argc, char *argv[])
{
	clone_and_exec(flags, child, command(argc, argv, ""));
}
