/*
 * skeleton: the payload gets memory of one node only.
 *
 * Caught by: scheduling.memory
 */
#include "skeleton.h"

static void child(void)
{
	unsigned long nodes = 1;

	/* MPOL_BIND */
	must("set_mempolicy", syscall(SYS_set_mempolicy, 2, &nodes, 64));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
