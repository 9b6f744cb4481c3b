/*
 * ipc: one namespace too many.
 *
 * Caught by: namespaces ns.uts
 */
#include "skeleton.h"

static void child(void)
{
}

int main(int argc, char *argv[])
{
	return clone_and_exec(CLONE_NEWIPC | CLONE_NEWUTS, child,
			      payload(argc, argv));
}
