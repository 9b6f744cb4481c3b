/*
 * skeleton:terminated: SIGTERM to the launcher ends the payload too.
 *
 * Caught by: payload
 */
#include "skeleton.h"
#include <sys/prctl.h>

static void child(void)
{
	must("prctl", prctl(PR_SET_PDEATHSIG, SIGTERM));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
