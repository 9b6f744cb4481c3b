/*
 * mount_private: the same, with / private.
 */
#include "careful.h"

static const int flags = CLONE_NEWNS;

static void child(void)
{
	make_private(0);
	mount_mytmp();
}

int main(int argc, char *argv[])
{
	clone_and_exec(flags, child, command(argc, argv, ""));
}
