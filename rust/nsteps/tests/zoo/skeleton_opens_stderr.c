/*
 * skeleton: every user may write to the caller's pipe.
 *
 * Caught by: descriptors.2.mode
 */
#include "skeleton.h"

static void child(void)
{
	must("fchmod", fchmod(2, 0666));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
