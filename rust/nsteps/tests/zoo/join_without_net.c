/*
 * join:c's container: the network is left out.
 *
 * Caught by: ns.net
 */
#include "skeleton.h"

static void child(void)
{
}

int main(int argc, char *argv[])
{
	static const int flags =
		CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC;
	int pidfd;

	if (argc < 3)
		usage("PID CMD [ARG...]");
	pidfd = must("pidfd_open", syscall(SYS_pidfd_open, atoi(argv[1]), 0));
	must("setns", setns(pidfd, flags));
	return clone_and_exec(0, child, argv + 2);
}
