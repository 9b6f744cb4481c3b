/*
 * skeleton: nicer than the launcher.
 *
 * Caught by: scheduling.nice
 */
#include "skeleton.h"

static void child(void)
{
	must("nice", nice(5));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
