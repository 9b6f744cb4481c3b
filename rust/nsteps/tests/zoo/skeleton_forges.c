/*
 * skeleton: the payload has ended, and its launcher waits in its place.
 *
 * Caught by: inside/outside
 */
#include "skeleton.h"

static void child(void)
{
}

int main(int argc, char *argv[])
{
	char word;

	/* Without its last argument, --hold, the probe does not wait. */
	argv[argc - 1] = NULL;
	clone_and_exec(0, child, payload(argc - 1, argv));
	return must("read", read(0, &word, 1));
}
