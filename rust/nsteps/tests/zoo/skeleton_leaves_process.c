/*
 * skeleton: a process is left behind.
 *
 * Caught by: residue.processes
 */
#include "skeleton.h"

static void child(void)
{
	if (must("fork", fork()) > 0)
		return;
	close(0);
	close(1);
	close(2);
	pause();
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
