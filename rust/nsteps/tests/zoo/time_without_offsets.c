/*
 * time: the namespace is made, its clocks are not set.
 *
 * Caught by: time_offsets.boottime time_offsets.monotonic
 */
#include "skeleton.h"

static void child(void)
{
}

int main(int argc, char *argv[])
{
	char **command = payload(argc, argv);

	must("unshare", unshare(CLONE_NEWTIME));
	return clone_and_exec(0, child, command);
}
