/*
 * skeleton: the payload reads and writes only when no other process does.
 *
 * Caught by: scheduling.io
 */
#include "skeleton.h"

static void child(void)
{
	/* IOPRIO_WHO_PROCESS; IOPRIO_CLASS_IDLE above the level. */
	must("ioprio_set", syscall(SYS_ioprio_set, 1, 0, 3 << 13));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
