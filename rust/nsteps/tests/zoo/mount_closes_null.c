/*
 * mount: /dev/null is there and cannot be opened.
 *
 * Caught by: dev.null
 */
#include "skeleton.h"

static const char *target;

static void child(void)
{
	unsigned long nodev = MS_BIND | MS_REMOUNT | MS_NODEV;

	must("mount", mount("none", target, "tmpfs", 0, ""));
	must("mount", mount("none", "/dev/null", NULL, nodev, NULL));
}

int main(int argc, char *argv[])
{
	target = mytmp();
	return clone_and_exec(CLONE_NEWNS, child, payload(argc, argv));
}
