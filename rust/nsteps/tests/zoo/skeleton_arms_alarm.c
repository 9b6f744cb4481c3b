/*
 * skeleton: an alarm rings in the payload, an hour later.
 *
 * Caught by: lifecycle.timers
 */
#include "skeleton.h"

static void child(void)
{
	alarm(3600);
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
