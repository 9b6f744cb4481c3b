/*
 * skeleton: the payload starts in another directory.
 *
 * Caught by: cwd
 */
#include "skeleton.h"

static void child(void)
{
	must("chdir", chdir("/tmp"));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
