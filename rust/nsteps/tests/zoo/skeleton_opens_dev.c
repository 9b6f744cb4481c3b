/*
 * skeleton: every user may put a file in the place of a device.
 *
 * Caught by: mode./dev
 */
#include "skeleton.h"

static void child(void)
{
	must("chmod", chmod("/dev", 0777));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
