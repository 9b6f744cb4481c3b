/*
 * skeleton: a variable is added to the environment.
 *
 * Caught by: env.container
 */
#include "skeleton.h"

static void child(void)
{
	must("setenv", setenv("container", "nsteps", 1));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
