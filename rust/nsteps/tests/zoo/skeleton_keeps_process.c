/*
 * skeleton: a process of the launcher runs in the caller's namespaces for as
 * long as the payload.
 *
 * Looked at: deeply
 * Caught by: host.launcher
 */
#include "skeleton.h"
#include <sys/prctl.h>

static void child(void)
{
	if (must("fork", fork()) > 0)
		return;
	must("prctl", prctl(PR_SET_PDEATHSIG, SIGKILL));
	must("prctl", prctl(PR_SET_NAME, "helper"));
	close(0);
	close(1);
	close(2);
	/* The socket of the probe. */
	close(47);
	pause();
	_exit(0);
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
