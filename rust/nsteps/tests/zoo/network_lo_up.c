/*
 * network: lo is brought up, which is left to the payload.
 *
 * Caught by: net.link.lo
 */
#include "skeleton.h"

static void child(void)
{
	bring_lo_up();
}

int main(int argc, char *argv[])
{
	return clone_and_exec(CLONE_NEWNET, child, payload(argc, argv));
}
