/*
 * skeleton: a daemon's double fork: another session, another group.
 *
 * Caught by: processes.sid processes.pgid
 */
#include "skeleton.h"

static void child(void)
{
	pid_t pid = must("fork", fork());

	if (pid > 0) {
		waitpid(pid, NULL, 0);
		_exit(0);
	}
	must("setsid", setsid());
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
